/* Once and rate limited messages */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static int __init start(void)
{
	int i;
	for (i = 0; i < 3; i++)
		pr_info_once("once %d\n", i);
	for (i = 0; i < 15; i++)
		pr_info_ratelimited("limited %d\n", i);
	msleep(6000);
	pr_info_ratelimited("limited later\n");
	for (i = 0; i < 2; i++)
		printk_once("again\n");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
