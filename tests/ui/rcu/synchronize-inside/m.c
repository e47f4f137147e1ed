/* synchronize_rcu() inside a read section */
#include <linux/module.h>
#include <linux/rcupdate.h>



static int __init start(void)
{
	rcu_read_lock();
	pr_info("inside\n");
	synchronize_rcu(); //~ ERROR self-deadlock
	rcu_read_unlock();
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
