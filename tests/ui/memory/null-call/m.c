/* A call through a NULL function pointer */
#include <linux/module.h>

static int (*hook)(int);

static int __init start(void)
{
	return hook(3); //~ ERROR null-deref
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
