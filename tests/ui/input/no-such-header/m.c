/* A header that kloom does not have is not blamed on the module */
#include <linux/module.h>
#include <linux/netfilter.h>

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
