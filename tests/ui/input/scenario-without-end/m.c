/* A scenario that never ends reaches the limit of virtual time */
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
