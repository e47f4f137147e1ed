/* Repaired: a counter that has fallen to zero is raised again */
#include <linux/module.h>
#include <linux/refcount.h>

static refcount_t users = REFCOUNT_INIT(1);

static int __init start(void)
{
	if (refcount_dec_and_test(&users))
		pr_info("last user gone\n");
	if (!refcount_inc_not_zero(&users))
		pr_info("too late\n");
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
