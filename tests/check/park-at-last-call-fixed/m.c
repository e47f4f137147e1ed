/* The thread looks for park requests until it is stopped */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/err.h>

static struct task_struct *task;

static int once(void *unused)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		if (kthread_should_park()) {
			__set_current_state(TASK_RUNNING);
			kthread_parkme();
			continue;
		}
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(once, NULL, "once");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	kthread_park(task);
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
