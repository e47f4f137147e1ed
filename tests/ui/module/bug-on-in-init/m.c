/* BUG() in the init function: insmod dies and the module stays */
#include <linux/module.h>

static int __init start(void)
{
	pr_info("before\n");
	BUG(); //~ ERROR bug-on
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
