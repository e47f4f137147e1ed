/* A statement without its semicolon */
#include <linux/module.h>

static int value;

static int __init start(void)
{
	value = 3 //~ ERROR compile-error
	pr_info("%d\n", value);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
