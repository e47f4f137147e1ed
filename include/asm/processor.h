//! Spin-wait hint and a few processor facts.
#ifndef KLOOM_ASM_PROCESSOR_H
#define KLOOM_ASM_PROCESSOR_H
#include <linux/compiler.h>
void kloom_cpu_relax(void); //@2n one round of a spin loop: burns a little time; a scheduling point of the machine
#define cpu_relax() kloom_cpu_relax()
#define cpu_relax_lowlatency() kloom_cpu_relax()
#define prefetch(x) __builtin_prefetch(x)
#define prefetchw(x) __builtin_prefetch(x, 1)
struct pt_regs;
#endif
