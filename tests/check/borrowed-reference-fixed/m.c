/* A thread uses an object with a reference of its own */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/kref.h>

struct item {
	struct kref ref;
	int value;
};
static struct item *item;
static struct task_struct *task;

static void release(struct kref *ref)
{
	kfree(container_of(ref, struct item, ref));
}

static int use(void *arg)
{
	struct item *mine = arg;

	pr_info("value %d\n", READ_ONCE(mine->value));
	kref_put(&mine->ref, release);
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
	item = kzalloc(sizeof(*item), GFP_KERNEL);
	if (!item)
		return -ENOMEM;
	kref_init(&item->ref);
	kref_get(&item->ref);
	task = kthread_run(use, item, "use");
	kref_put(&item->ref, release);
	return 0;
}

static void __exit finish(void)
{
	/* Stopped before it ran: the thread never put its reference. */
	if (kthread_stop(task) == -EINTR)
		kref_put(&item->ref, release);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
