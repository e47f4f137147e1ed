/* might_sleep with a lock held says nothing without CONFIG_DEBUG_ATOMIC_SLEEP */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static int __init start(void)
{
	DEFINE_SPINLOCK(lock);
	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
	pr_info("nothing said\n");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
