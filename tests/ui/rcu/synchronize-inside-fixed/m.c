/* It comes after the section */
#include <linux/module.h>
#include <linux/rcupdate.h>



static int __init start(void)
{
	rcu_read_lock();
	pr_info("inside\n");
	rcu_read_unlock();
	synchronize_rcu();
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
