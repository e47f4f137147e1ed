/* WARN_ON_ONCE reports once */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static int __init start(void)
{
	int i;
	for (i = 0; i < 3; i++)
		pr_info("gave %d\n", WARN_ON_ONCE(i >= 0));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
