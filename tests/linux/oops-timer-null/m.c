/* Starting a timer that has no function */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include <linux/timer.h>

static struct timer_list timer;
static int __init start(void)
{
	timer_setup(&timer, NULL, 0);
	mod_timer(&timer, jiffies + HZ);
	pr_info("started\n");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
