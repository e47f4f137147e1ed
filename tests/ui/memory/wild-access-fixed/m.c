/* Repaired: a list element read from memory nobody wrote */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

struct node {
	struct node *next;
	int value;
};

static struct node *head;

static int __init start(void)
{
	head = kmalloc(sizeof(*head), GFP_KERNEL);
	if (!head)
		return -ENOMEM;
	memset(head, 0x5a, sizeof(*head));
	head->next = NULL;
	pr_info("%d\n", head->next ? head->next->value : 0);
	return 0;
}

static void __exit finish(void)
{
	kfree(head);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
