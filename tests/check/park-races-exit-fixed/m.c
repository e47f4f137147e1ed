/* The thread stays until it is stopped, and parks whenever it is asked to */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/err.h>

static struct task_struct *task;
static int drained;

static int drain(void *unused)
{
	int left = 2;

	while (left) {
		if (kthread_should_park())
			kthread_parkme();
		left--;
		cond_resched();
	}
	WRITE_ONCE(drained, 1);
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		if (kthread_should_park()) {
			__set_current_state(TASK_RUNNING);
			kthread_parkme();
		} else {
			schedule();
		}
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int __init start(void)
{
	task = kthread_create(drain, NULL, "drain");
	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task);
	wake_up_process(task);
	return 0;
}

static void __exit finish(void)
{
	kthread_park(task);
	pr_info("drained %d\n", READ_ONCE(drained));
	kthread_stop(task);
	put_task_struct(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
