/* Repaired: printk() knows no floating point, and %n is refused */
#include <linux/module.h>

static const char *layout = "load %d.%02d, %d\n";

static int __init start(void)
{
	printk(layout, 1, 50, 2);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
