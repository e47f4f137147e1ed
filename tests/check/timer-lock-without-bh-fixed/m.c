/* A lock of a timer callback is taken with bottom halves off */
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
	spin_lock_bh(&lock);
	ticks = 0;
	spin_unlock_bh(&lock);
	return 0;
}

static void __exit finish(void)
{
	del_timer_sync(&timer);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
