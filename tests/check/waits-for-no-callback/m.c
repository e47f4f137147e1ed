/* A retired configuration is freed by call_rcu(). Exit waits for a grace period, which says nothing of callbacks. */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

struct config {
	int level;
	struct rcu_head rcu;
};

static struct config __rcu *present;

static void free_config(struct rcu_head *head)
{
	kfree(container_of(head, struct config, rcu));
}

static int __init waits_init(void)
{
	struct config *config = kzalloc(sizeof(*config), GFP_KERNEL);

	if (!config)
		return -ENOMEM;
	rcu_assign_pointer(present, config);
	return 0;
}

static void __exit waits_exit(void)
{
	struct config *last = rcu_dereference_protected(present, 1);

	RCU_INIT_POINTER(present, NULL);
	call_rcu(&last->rcu, free_config);
	synchronize_rcu();
}

module_init(waits_init);
module_exit(waits_exit);
MODULE_LICENSE("GPL");
