//! See uapi/linux/sched/types.h.
#ifndef KLOOM_LINUX_SCHED_TYPES_H
#define KLOOM_LINUX_SCHED_TYPES_H
#include <uapi/linux/sched/types.h>
#include <linux/sched.h>
#endif
