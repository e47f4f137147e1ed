//! See linux/sched.h.
#ifndef KLOOM_LINUX_SCHED_PRIO_H
#define KLOOM_LINUX_SCHED_PRIO_H
#include <linux/sched.h>
#endif
