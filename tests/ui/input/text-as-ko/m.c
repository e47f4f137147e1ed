/* A text file called .ko */
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
