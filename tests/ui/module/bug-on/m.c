/* The module's own BUG_ON() fires in a thread */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static struct task_struct *task;

static int work(void *unused)
{
	int beats = 0;

	while (!kthread_should_stop()) {
		msleep(100);
		BUG_ON(++beats > 3); //~ ERROR bug-on
	}
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "worker");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
