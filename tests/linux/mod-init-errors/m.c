/* What insmod says for each error of an init function */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static int result;
module_param(result, int, 0);
static int __init start(void)
{
	pr_info("giving %d\n", result);
	return result;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
