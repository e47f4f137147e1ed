//! Statistics of CPUs.
#ifndef KLOOM_LINUX_KERNEL_STAT_H
#define KLOOM_LINUX_KERNEL_STAT_H
#include <linux/smp.h>
#include <linux/sched.h>
#endif
