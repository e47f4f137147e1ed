/* The thread gives way until a flag is set that is set only after it has ended */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>

static int release;
static struct task_struct *task;

static int worker(void *unused)
{
	while (!READ_ONCE(release))
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
	kthread_stop(task);
	WRITE_ONCE(release, 1);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
