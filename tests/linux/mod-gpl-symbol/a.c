/* A proprietary module may not use a GPL-only symbol of another module */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

int shared_gpl(void)
{
	return 1;
}
EXPORT_SYMBOL_GPL(shared_gpl);
static int __init start(void)
{
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
