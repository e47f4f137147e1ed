/* A recursion without end overflows the stack of a thread */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static noinline int deep(volatile int *p)
{
	volatile int room[64];
	room[0] = *p + 1;
	return deep(room) + room[0];
}

static struct task_struct *task;
static int work(void *data)
{
	volatile int n = 0;
	pr_info("%d\n", deep(&n));
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}
static int __init start(void)
{
	task = kthread_run(work, NULL, "culprit");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
