//! See linux/sched.h.
#ifndef KLOOM_LINUX_SCHED_TASK_STACK_H
#define KLOOM_LINUX_SCHED_TASK_STACK_H
#include <linux/sched.h>
#endif
