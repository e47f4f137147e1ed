/* A module without a licence taints the kernel */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static int __init start(void)
{
	return 0;
}
 MODULE_DESCRIPTION("none");
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("Proprietary");
