/* A reader keeps its pointer beyond rcu_read_unlock() */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

struct config {
	int rate;
	struct rcu_head rcu;
};

static struct config __rcu *present;
static struct task_struct *task;

static int look(void *unused)
{
	struct config *now;
	int rate;

	rcu_read_lock();
	now = rcu_dereference(present);
	rcu_read_unlock();
	rate = now->rate;
	pr_info("rate %d\n", rate);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static struct config *config(int rate)
{
	struct config *made = kzalloc(sizeof(*made), GFP_KERNEL);

	if (made)
		made->rate = rate;
	return made;
}

static int __init start(void)
{
	struct config *old = config(1), *new = config(2);

	if (!old || !new) {
		kfree(old);
		kfree(new);
		return -ENOMEM;
	}
	RCU_INIT_POINTER(present, old);
	task = kthread_run(look, NULL, "look");
	if (IS_ERR(task)) {
		kfree(old);
		kfree(new);
		return PTR_ERR(task);
	}
	rcu_assign_pointer(present, new);
	kfree_rcu(old, rcu);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(task);
	kfree(rcu_dereference_protected(present, 1));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
