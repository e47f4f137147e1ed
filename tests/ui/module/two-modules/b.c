/* Uses it */
#include <linux/module.h>

int twice(int n);

static int __init start(void)
{
	pr_info("twice 21 is %d\n", twice(21));
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
