/* A thread that prints without end is bounded by the steps of the machine */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>

static struct task_struct *task;

static int work(void *unused)
{
	while (!kthread_should_stop()) {
		pr_info("again\n");
		cond_resched();
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
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
