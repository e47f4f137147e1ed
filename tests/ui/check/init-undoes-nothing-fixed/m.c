#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

static struct task_struct *feeder, *eater;
static int *queue;

static int wait_for_stop(void *unused)
{
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int __init undo_init(void)
{
	int error;

	queue = kcalloc(16, sizeof(*queue), GFP_KERNEL);
	if (!queue)
		return -ENOMEM;
	feeder = kthread_run(wait_for_stop, NULL, "feeder");
	if (IS_ERR(feeder)) {
		error = PTR_ERR(feeder);
		goto free_queue;
	}
	eater = kthread_run(wait_for_stop, NULL, "eater");
	if (IS_ERR(eater)) {
		error = PTR_ERR(eater);
		goto stop_feeder;
	}
	return 0;

stop_feeder:
	kthread_stop(feeder);
free_queue:
	kfree(queue);
	return error;
}

static void __exit undo_exit(void)
{
	kthread_stop(eater);
	kthread_stop(feeder);
	kfree(queue);
}

module_init(undo_init);
module_exit(undo_exit);
MODULE_LICENSE("GPL");
