/* Callbacks of call_srcu(): rcu_barrier() does not wait for them */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/srcu.h>

struct entry {
	struct rcu_head head;
	int number;
};

DEFINE_STATIC_SRCU(srcu);

static void reclaim(struct rcu_head *head)
{
	struct entry *entry = container_of(head, struct entry, head);

	pr_info("reclaim %d\n", entry->number);
	kfree(entry);
}

static int __init start(void)
{
	return 0;
}

static void __exit finish(void)
{
	struct entry *entry = kmalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		return;
	entry->number = 1;
	call_srcu(&srcu, &entry->head, reclaim); //~ ERROR leak-callback
	rcu_barrier();
}

module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
