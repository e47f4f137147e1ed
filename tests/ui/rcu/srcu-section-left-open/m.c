/* An SRCU read section is never left */
#include <linux/module.h>
#include <linux/srcu.h>

DEFINE_STATIC_SRCU(domain);

static int __init start(void)
{
	int index = srcu_read_lock(&domain); //~ ERROR lock-held-at-exit

	pr_info("inside, index %d\n", index);
	return 0;
}

static void __exit finish(void)
{
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
