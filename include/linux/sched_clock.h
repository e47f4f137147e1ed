//! See linux/sched.h.
#ifndef KLOOM_LINUX_SCHED_CLOCK_H
#define KLOOM_LINUX_SCHED_CLOCK_H
#include <linux/sched.h>
#endif
