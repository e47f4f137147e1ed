/* The mutex is taken outside */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

static DEFINE_MUTEX(lock);

static int __init start(void)
{
	mutex_lock(&lock);
	mutex_unlock(&lock);
	rcu_read_lock();
	rcu_read_unlock();
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
