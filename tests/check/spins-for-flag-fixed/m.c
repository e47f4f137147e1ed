/* The exit function gives way a thousand times at most: it counts */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>

static int done;
static struct task_struct *task;

static int worker(void *unused)
{
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	WRITE_ONCE(done, 1);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(worker, NULL, "worker");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	int rounds = 0;

	while (!READ_ONCE(done) && rounds++ < 1000)
		cond_resched();
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
