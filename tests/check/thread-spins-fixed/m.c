/* The flag is set before the thread is stopped */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>

static int release;
static struct task_struct *task;

static int worker(void *unused)
{
	while (!READ_ONCE(release) || !kthread_should_stop())
		cond_resched();
	return 0;
}

static int __init start(void)
{
	task = kthread_run(worker, NULL, "worker");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	WRITE_ONCE(release, 1);
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
