//! Old home of barriers, xchg and interrupt flags.
#ifndef KLOOM_ASM_SYSTEM_H
#define KLOOM_ASM_SYSTEM_H
#include <asm/barrier.h>
#include <linux/irqflags.h>
#include <linux/atomic.h>
#endif
