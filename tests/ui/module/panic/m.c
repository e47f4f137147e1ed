/* The module gives up for the whole machine */
#include <linux/module.h>

static int stock = -1;

static int __init start(void)
{
	if (stock < 0)
		panic("stock is %d", stock); //~ ERROR panic
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
