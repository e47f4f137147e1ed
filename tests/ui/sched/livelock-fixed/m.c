/* The exit function polls for a flag that the thread sets by itself */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/delay.h>

static int done;
static struct task_struct *task;

static int set(void *unused)
{
	WRITE_ONCE(done, 1);
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static int __init start(void)
{
	task = kthread_run(set, NULL, "set");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	while (!READ_ONCE(done))
		msleep(10);
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
