/* msleep() with a spinlock held */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);

static int __init start(void)
{
	spin_lock(&lock);
	msleep(10); //~ ERROR sleep-in-atomic
	spin_unlock(&lock);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
