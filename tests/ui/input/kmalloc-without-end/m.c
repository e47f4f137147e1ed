/* kmalloc() gives NULL when the machine is full */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

struct block {
	struct block *next;
	char room[65536 - 64];
};

static struct block *blocks;
static int count;

static int __init start(void)
{
	for (;;) {
		struct block *block = kmalloc(sizeof(*block), GFP_KERNEL | __GFP_NOWARN);

		if (!block)
			break;
		block->next = blocks;
		blocks = block;
		count++;
		cond_resched();
	}
	pr_info("%d blocks\n", count);
	return 0;
}

static void __exit finish(void)
{
	while (blocks) {
		struct block *next = blocks->next;

		kfree(blocks);
		blocks = next;
	}
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
