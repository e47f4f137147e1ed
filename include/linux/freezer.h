//! The freezer.
#ifndef KLOOM_LINUX_FREEZER_H
#define KLOOM_LINUX_FREEZER_H
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/atomic.h>
#include <linux/jump_label.h>
bool kloom_freezing(struct task_struct *p); //@4n true if p is asked to freeze
bool frozen(struct task_struct *p); //@4gn true while p is frozen
bool __refrigerator(bool check_kthr_stop); //@4s freezes the caller until thawed
bool kloom_try_to_freeze(void); //@4s freezes the caller if asked; true if it did
bool set_freezable(void); //@4s lets the calling kernel thread be frozen
#define freezing(p) kloom_freezing(p)
#define try_to_freeze() kloom_try_to_freeze()
#define freezer_do_not_count() do { } while (0)
#define freezer_count() do { } while (0)
#define freezable_schedule() schedule()
#define freezable_schedule_timeout(t) schedule_timeout(t)
#define freezable_schedule_timeout_interruptible(t) schedule_timeout_interruptible(t)
#endif
