/* A division by a parameter that is zero */
#include <linux/module.h>
#include <linux/moduleparam.h>

static int divisor;
module_param(divisor, int, 0444);

static int __init start(void)
{
	pr_info("%d\n", 100 / divisor); //~ ERROR oops
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
