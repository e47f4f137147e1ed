/* Two locks of one kind are held at once without an order */
#include <linux/module.h>
#include <linux/mutex.h>

struct node {
	struct mutex lock;
	int value;
};
static struct node nodes[2];

static void move(struct node *from, struct node *to)
{
	mutex_lock(&from->lock);
	mutex_lock(&to->lock);
	to->value += from->value;
	mutex_unlock(&to->lock);
	mutex_unlock(&from->lock);
}

static int __init start(void)
{
	int i;

	for (i = 0; i < 2; i++)
		mutex_init(&nodes[i].lock);
	move(&nodes[0], &nodes[1]);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
