/* It is left */
#include <linux/module.h>
#include <linux/srcu.h>

DEFINE_STATIC_SRCU(domain);

static int __init start(void)
{
	int index = srcu_read_lock(&domain);

	pr_info("inside, index %d\n", index);
	srcu_read_unlock(&domain, index);
	return 0;
}

static void __exit finish(void)
{
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
