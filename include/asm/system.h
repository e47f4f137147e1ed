//! Old home of barriers, xchg and interrupt flags.
#ifndef KLOOM_ASM_SYSTEM_H
#define KLOOM_ASM_SYSTEM_H
#pragma GCC warning "kloom-removed:<asm/system.h>|3.4|<asm/barrier.h>, <asm/cmpxchg.h> or <linux/irqflags.h>"
#include <asm/barrier.h>
#include <linux/irqflags.h>
#include <linux/atomic.h>
#endif
