//! See linux/preempt.h.
#ifndef KLOOM_LINUX_HARDIRQ_H
#define KLOOM_LINUX_HARDIRQ_H
#include <linux/preempt.h>
#include <linux/lockdep.h>
#include <linux/irqflags.h>
#endif
