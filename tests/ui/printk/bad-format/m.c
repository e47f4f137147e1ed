/* printk() knows no floating point, and %n is refused */
#include <linux/module.h>

static const char *layout = "load %f, %d\n";

static int __init start(void)
{
	printk(layout, 1, 2); //~ WARNING bad-format
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
