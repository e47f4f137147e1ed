/* Repaired: an element is removed twice */
#include <linux/module.h>
#include <linux/list.h>
#include <linux/slab.h>

struct item {
	struct list_head node;
	int value;
};

static LIST_HEAD(items);

static int __init start(void)
{
	struct item *item = kzalloc(sizeof(*item), GFP_KERNEL);

	if (!item)
		return -ENOMEM;
	list_add(&item->node, &items);
	list_del_init(&item->node);
	list_del_init(&item->node);
	kfree(item);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
