/* A thread holds a reference to its own module, so rmmod is refused */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static struct task_struct *task;

static int work(void *unused)
{
	if (!try_module_get(THIS_MODULE))
		return 0;
	while (!kthread_should_stop())
		msleep(100);
	module_put(THIS_MODULE);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "worker");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
