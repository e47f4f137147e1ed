/* One module uses a symbol of another */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

int shared(int n);
static int __init start(void)
{
	pr_info("shared gave %d\n", shared(21));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
