/* init never returns, if what it waits for is not there yet */
#include <linux/module.h>

static int ready = 1;

static int __init start(void)
{
	while (!ready)
		;
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
