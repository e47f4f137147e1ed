//! See linux/preempt.h.
#ifndef KLOOM_ASM_HARDIRQ_H
#define KLOOM_ASM_HARDIRQ_H
#include <linux/hardirq.h>
#endif
