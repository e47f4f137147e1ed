//! See linux/smp.h.
#ifndef KLOOM_ASM_SMP_H
#define KLOOM_ASM_SMP_H
#include <linux/smp.h>
#endif
