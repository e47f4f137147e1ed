/* Repaired: a thread that is stopped before it was woken never runs */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>

static struct task_struct *task;

static int work(void *unused)
{
	pr_info("said\n");
	while (!kthread_should_stop())
		msleep(100);
	return 5;
}

static int __init start(void)
{
	task = kthread_create(work, NULL, "woken");
	if (IS_ERR(task))
		return PTR_ERR(task);
	wake_up_process(task);
	return 0;
}

static void __exit finish(void)
{
	pr_info("kthread_stop() gave %d\n", kthread_stop(task));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
