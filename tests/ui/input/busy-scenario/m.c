/* A scenario that computes without end reaches the limit of steps */
#include <linux/module.h>

static int __init start(void)
{
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
