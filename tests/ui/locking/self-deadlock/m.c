/* A function takes the mutex that its caller holds */
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(lock);
static int value;

static void add(int n)
{
	mutex_lock(&lock); //~ ERROR self-deadlock
	value += n;
	mutex_unlock(&lock);
}

static int __init start(void)
{
	mutex_lock(&lock);
	add(3);
	mutex_unlock(&lock);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
