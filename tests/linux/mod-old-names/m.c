/* init_module and cleanup_module without the macros */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

int init_module(void)
{
	pr_info("in\n");
	return 0;
}
void cleanup_module(void)
{
	pr_info("out\n");
}
MODULE_LICENSE("GPL");
