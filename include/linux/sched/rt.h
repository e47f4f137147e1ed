//! See linux/sched.h.
#ifndef KLOOM_LINUX_SCHED_RT_H
#define KLOOM_LINUX_SCHED_RT_H
#include <linux/sched.h>
#endif
