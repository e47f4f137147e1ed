//! See linux/sched.h.
#ifndef KLOOM_LINUX_SCHED_STAT_H
#define KLOOM_LINUX_SCHED_STAT_H
#include <linux/sched.h>
#endif
