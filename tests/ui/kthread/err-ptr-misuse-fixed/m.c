/* Repaired: the result of kthread_run() is tested against NULL, and creation fails */
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
	if (IS_ERR(task)) {
		pr_info("no thread: %ld\n", PTR_ERR(task));
		task = NULL;
	}
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
