//! See linux/irq.h.
#ifndef KLOOM_ASM_IRQ_H
#define KLOOM_ASM_IRQ_H
#include <linux/irqnr.h>
#endif
