/* An init function that gives a positive value is loaded with a complaint */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static int __init start(void)
{
	return 5;
}
module_init(start);
static void __exit finish(void)
{
	pr_info("finish\n");
}
module_exit(finish);
MODULE_LICENSE("GPL");
