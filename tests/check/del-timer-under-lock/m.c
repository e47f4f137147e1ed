/* A timer is waited for while holding the lock that its function takes */
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static DEFINE_SPINLOCK(lock);
static struct timer_list timer;
static int ticks;

static void fire(struct timer_list *unused)
{
	spin_lock(&lock);
	ticks++;
	spin_unlock(&lock);
}

static int __init start(void)
{
	timer_setup(&timer, fire, 0);
	mod_timer(&timer, jiffies + 1);
	return 0;
}

static void __exit finish(void)
{
	spin_lock_bh(&lock);
	del_timer_sync(&timer);
	spin_unlock_bh(&lock);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
