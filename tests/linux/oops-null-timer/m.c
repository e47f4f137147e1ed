/* A timer writes through a NULL pointer */
#include <linux/module.h>
#include <linux/timer.h>

static struct timer_list timer;
static int *nothing;
static noinline void deep(void)
{
	WRITE_ONCE(*nothing, 1);
}
static void tick(struct timer_list *unused)
{
	deep();
	pr_info("tick over\n");
}
static int __init start(void)
{
	timer_setup(&timer, tick, 0);
	mod_timer(&timer, jiffies + 4 * HZ);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	del_timer_sync(&timer);
}
module_exit(finish);
MODULE_LICENSE("GPL");
