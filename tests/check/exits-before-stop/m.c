/* A thread that may end by itself is stopped */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>

static struct task_struct *task;

static int once(void *unused)
{
	pr_info("done\n");
	return 0;
}

static int __init start(void)
{
	task = kthread_run(once, NULL, "once");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
