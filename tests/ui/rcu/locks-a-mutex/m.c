/* mutex_lock() inside a read section */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

static DEFINE_MUTEX(lock);

static int __init start(void)
{
	rcu_read_lock();
	mutex_lock(&lock); //~ ERROR sleep-in-atomic
	mutex_unlock(&lock);
	rcu_read_unlock();
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
