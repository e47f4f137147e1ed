/* A timer's function sleeps */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

static void slowly(struct work_struct *work)
{
	pr_info("slowly\n");
	msleep(5);
}
static DECLARE_WORK(work, slowly);

static void tick(struct timer_list *unused)
{
	msleep(5); //~ ERROR sleep-in-atomic
}
static DEFINE_TIMER(timer, tick);

static int __init start(void)
{
	mod_timer(&timer, jiffies + HZ / 10);
	return 0;
}

static void __exit finish(void)
{
	del_timer_sync(&timer);
	cancel_work_sync(&work);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
