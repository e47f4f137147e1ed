/* Repaired: rmmod dies in the exit function; nobody can unload the module any more */
#include <linux/module.h>

static int *counter;

static int __init start(void)
{
	return 0;
}

static void __exit finish(void)
{
	pr_info("bye\n");
	if (counter)
		*counter = 0;
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
