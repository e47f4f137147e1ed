/* insmod dies of a NULL pointer, and the module stays half loaded */
#include <linux/module.h>

static int *place;

static int __init start(void)
{
	pr_info("before\n");
	*place = 1; //~ ERROR null-deref
	pr_info("after\n");
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
