//! See linux/sched.h.
#ifndef KLOOM_LINUX_SCHED_DEBUG_H
#define KLOOM_LINUX_SCHED_DEBUG_H
#include <linux/sched.h>
#endif
