/* An init function that fails: errno, nothing left */
#include <linux/module.h>

static int __init start(void)
{
	return -EBUSY;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
