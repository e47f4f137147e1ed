/* A module without an exit function cannot be removed */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static int __init start(void)
{
	return 0;
}
module_init(start);
MODULE_LICENSE("GPL");
