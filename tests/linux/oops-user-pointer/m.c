/* Reading a user address from a thread */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static struct task_struct *task;
static int work(void *data)
{
	int *user = (int *)0x400000;
	OPTIMIZER_HIDE_VAR(user);
	pr_info("%d\n", *user);
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
