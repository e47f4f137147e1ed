/* The same mistake in a run where creation succeeds */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static struct task_struct *task;

static int work(void *unused)
{
	while (!kthread_should_stop())
		msleep(100);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "worker");
	if (!task)
		return -ENOMEM;
	return 0;
}

static void __exit finish(void)
{
	if (task)
		kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
