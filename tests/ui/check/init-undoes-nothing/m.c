#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

static struct task_struct *feeder, *eater;
static int *queue;

static int wait_for_stop(void *unused)
{ //~ ERROR module-text-in-use
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int __init undo_init(void) //~ WARNING init-failed
{
	queue = kcalloc(16, sizeof(*queue), GFP_KERNEL); //~ WARNING leak-memory
	if (!queue)
		return -ENOMEM;
	feeder = kthread_run(wait_for_stop, NULL, "feeder");
	if (IS_ERR(feeder)) {
		kfree(queue);
		return PTR_ERR(feeder);
	}
	eater = kthread_run(wait_for_stop, NULL, "eater");
	/* The feeder stays behind, and so does the queue. */
	return PTR_ERR_OR_ZERO(eater);
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
