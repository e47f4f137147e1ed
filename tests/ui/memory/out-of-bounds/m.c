/* A loop writes one element too many */
#include <linux/module.h>
#include <linux/slab.h>

#define COUNT 10

static int *squares;

static int __init start(void)
{
	int i;

	squares = kmalloc_array(COUNT, sizeof(*squares), GFP_KERNEL);
	if (!squares)
		return -ENOMEM;
	for (i = 0; i <= COUNT; i++)
		squares[i] = i * i; //~ ERROR out-of-bounds
	pr_info("%d\n", squares[COUNT - 1]);
	return 0;
}

static void __exit finish(void)
{
	kfree(squares);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
