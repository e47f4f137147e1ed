/* A loop that never lets go of its CPU */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>

static unsigned long spins;

static struct task_struct *task;

static int work(void *unused)
{
	while (!kthread_should_stop()) //~ ERROR soft-lockup
		spins++;
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
