/* A timer on the stack is armed when its function returns */
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
