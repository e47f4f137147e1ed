/* rcu_barrier() in the exit function */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

struct item {
	int value;
	struct rcu_head rcu;
};
static struct item *item;

static void free_item(struct rcu_head *head)
{
	kfree(container_of(head, struct item, rcu));
}

static int __init start(void)
{
	item = kzalloc(sizeof(*item), GFP_KERNEL);
	return 0;
}

static void __exit finish(void)
{
	if (item)
		call_rcu(&item->rcu, free_item);
	rcu_barrier();
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
