//! See linux/sched.h.
#ifndef KLOOM_LINUX_SCHED_TASK_H
#define KLOOM_LINUX_SCHED_TASK_H
#include <linux/sched.h>
#include <linux/uaccess.h>
#endif
