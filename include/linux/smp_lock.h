//! The big kernel lock is gone; see lock_kernel() in linux/sched.h.
#ifndef KLOOM_LINUX_SMP_LOCK_H
#define KLOOM_LINUX_SMP_LOCK_H
#include <linux/sched.h>
#endif
