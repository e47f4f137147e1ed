/* A function that kloom does not have */
#include <linux/module.h>

int kernel_frobnicate(int how);

static int __init start(void)
{
	return kernel_frobnicate(3);
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
