/* synchronize_srcu() waits for a reader that never leaves */
#include <linux/module.h>
#include <linux/srcu.h>

DEFINE_STATIC_SRCU(domain);

static int __init start(void)
{
	int index = srcu_read_lock(&domain);

	pr_info("inside, index %d\n", index);
	synchronize_srcu(&domain); //~ ERROR hung-task
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
