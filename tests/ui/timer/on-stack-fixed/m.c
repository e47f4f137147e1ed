/* It is deleted first */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/timer.h>

static void tick(struct timer_list *unused)
{
	pr_info("tick\n");
}

static noinline void arm(void)
{
	struct timer_list timer;

	timer_setup_on_stack(&timer, tick, 0);
	mod_timer(&timer, jiffies + HZ / 10);
	pr_info("armed\n");
	del_timer_sync(&timer);
	destroy_timer_on_stack(&timer);
}

static int __init start(void)
{
	arm();
	msleep(300);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
