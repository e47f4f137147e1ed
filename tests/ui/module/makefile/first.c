/* Uses a function of the other file */
#include <linux/module.h>
#include "second.h"

static int __init start(void)
{
	pr_info("half of 42 is %d\n", half(42));
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
