/* Repaired: a timer is pending when its module goes */
#include <linux/module.h>
#include <linux/jiffies.h>
#include <linux/timer.h>

static void tick(struct timer_list *t);
static DEFINE_TIMER(timer, tick);
static int ticks;

static void tick(struct timer_list *t)
{
	pr_info("tick %d\n", ++ticks);
	mod_timer(&timer, jiffies + HZ);
}

static int __init start(void)
{
	mod_timer(&timer, jiffies + HZ);
	return 0;
}

static void __exit finish(void)
{
	del_timer_sync(&timer);
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
