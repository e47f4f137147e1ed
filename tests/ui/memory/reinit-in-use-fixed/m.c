/* It is set up once */
#include <linux/module.h>
#include <linux/timer.h>

static struct timer_list timer;

static void tick(struct timer_list *unused)
{
	pr_info("tick\n");
}

static void restart(void)
{
	mod_timer(&timer, jiffies + HZ);
}

static int __init start(void)
{
	timer_setup(&timer, tick, 0);
	restart();
	restart();
	return 0;
}

static void __exit finish(void)
{
	del_timer_sync(&timer);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
