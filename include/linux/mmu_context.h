//! Borrowing the memory of a user task: see kthread.h.
#ifndef KLOOM_LINUX_MMU_CONTEXT_H
#define KLOOM_LINUX_MMU_CONTEXT_H
#include <linux/kthread.h>
#include <linux/sched.h>
#endif
