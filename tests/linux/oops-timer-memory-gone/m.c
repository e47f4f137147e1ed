/* A timer fires that lies in the memory of a module that is gone */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include <linux/timer.h>

static struct timer_list timer;
static void tick(struct timer_list *unused)
{
	pr_info("tick\n");
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
}
module_exit(finish);
MODULE_LICENSE("GPL");
