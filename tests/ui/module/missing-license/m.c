/* A module without MODULE_LICENSE() */
#include <linux/module.h>

static int __init start(void)
{
	pr_info("hello\n");
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_AUTHOR("nobody");
