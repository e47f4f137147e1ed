/* Exports a function */
#include <linux/module.h>

int twice(int n)
{
	return 2 * n;
}
EXPORT_SYMBOL_GPL(twice);

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
