//! The big kernel lock is gone; see lock_kernel() in linux/sched.h.
#ifndef KLOOM_LINUX_SMP_LOCK_H
#define KLOOM_LINUX_SMP_LOCK_H
#pragma GCC warning "kloom-removed:<linux/smp_lock.h>|2.6.39|no big kernel lock: leave the line out"
#include <linux/sched.h>
#endif
