//! The head of a task's structure.
#ifndef KLOOM_LINUX_THREAD_INFO_H
#define KLOOM_LINUX_THREAD_INFO_H
#include <linux/types.h>
#include <linux/bug.h>
#include <asm/current.h>
#include <asm/page.h>
struct thread_info {
	unsigned long flags;
	u32 status;
	u32 cpu;
};
#define TIF_NOTIFY_RESUME 1
#define TIF_SIGPENDING 2
#define TIF_NOTIFY_SIGNAL 17
#define TIF_NEED_RESCHED 3
#define TIF_NOTIFY_SIGNAL 17
#define _TIF_SIGPENDING (1 << TIF_SIGPENDING)
#define _TIF_NEED_RESCHED (1 << TIF_NEED_RESCHED)
#define THREAD_SIZE_ORDER 2
#define THREAD_SIZE (PAGE_SIZE << THREAD_SIZE_ORDER)
#define current_thread_info() ((struct thread_info *)current)
#define task_thread_info(t) ((struct thread_info *)(t))
#define test_ti_thread_flag(ti, flag) ((READ_ONCE((ti)->flags) >> (flag)) & 1)
#define test_thread_flag(flag) test_ti_thread_flag(current_thread_info(), flag)
#endif
