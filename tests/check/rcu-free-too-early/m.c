/* An object is freed without waiting for its RCU readers */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/rcupdate.h>

struct config {
	int a;
	int b;
};
static struct config __rcu *current_config;
static struct task_struct *reader;

static int look(void *unused)
{
	struct config *config;

	rcu_read_lock();
	config = rcu_dereference(current_config);
	if (config)
		pr_info("%d %d\n", READ_ONCE(config->a), config->b);
	rcu_read_unlock();
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
	struct config *config = kzalloc(sizeof(*config), GFP_KERNEL);
	struct config *old = kzalloc(sizeof(*old), GFP_KERNEL);

	if (!config || !old) {
		kfree(config);
		kfree(old);
		return -ENOMEM;
	}
	rcu_assign_pointer(current_config, old);
	reader = kthread_run(look, NULL, "look");
	config->a = 1;
	config->b = 2;
	rcu_assign_pointer(current_config, config);
	kfree(old);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(reader);
	kfree(rcu_dereference_protected(current_config, 1));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
