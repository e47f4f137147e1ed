//! See linux/sched.h.
#ifndef KLOOM_LINUX_SCHED_CPUTIME_H
#define KLOOM_LINUX_SCHED_CPUTIME_H
#include <linux/sched.h>
static inline void task_cputime(struct task_struct *t, u64 *utime, u64 *stime) { *utime = t->utime; *stime = t->stime; }
static inline void task_cputime_adjusted(struct task_struct *t, u64 *utime, u64 *stime) { *utime = t->utime; *stime = t->stime; }
#endif
