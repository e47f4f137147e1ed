/* Writing through NULL in the init function kills insmod */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static int __init start(void)
{
	int *p = NULL;
	OPTIMIZER_HIDE_VAR(p);
	*p = 1;
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
