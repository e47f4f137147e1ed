/* Reading through NULL plus an offset in a thread kills the thread */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static struct task_struct *task;
static int work(void *data)
{
	struct { char pad[0x34]; int prio; } *none = NULL;
	OPTIMIZER_HIDE_VAR(none);
	pr_info("%d\n", none->prio);
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
