/* A module without an exit function cannot be unloaded */
#include <linux/module.h>

static int __init start(void)
{
	return 0;
}
module_init(start);
MODULE_LICENSE("GPL");
