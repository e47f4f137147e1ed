/* Repaired: the exit function forgets its thread, which runs on when the code is gone */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static struct task_struct *task;

static int loop(void *unused)
{
	while (!kthread_should_stop()) {
		pr_info("running\n");
		ssleep(2);
	}
	return 0;
}

static int __init start(void)
{
	pr_info("hello\n");
	task = kthread_run(loop, NULL, "mythread");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	pr_info("stopping\n");
	kthread_stop(task);
	pr_info("stopped first\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
