//! Interrupt lines.
#ifndef KLOOM_LINUX_IRQ_H
#define KLOOM_LINUX_IRQ_H
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <asm/ptrace.h>
#define IRQ_TYPE_NONE 0
#define IRQ_TYPE_EDGE_RISING 1
#define IRQ_TYPE_EDGE_FALLING 2
#define IRQ_TYPE_EDGE_BOTH 3
#define IRQ_TYPE_LEVEL_HIGH 4
#define IRQ_TYPE_LEVEL_LOW 8
#endif
