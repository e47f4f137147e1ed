//! See linux/sched.h.
#ifndef KLOOM_LINUX_SCHED_ISOLATION_H
#define KLOOM_LINUX_SCHED_ISOLATION_H
#include <linux/sched.h>
#endif
