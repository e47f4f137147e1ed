/* One module uses a symbol of another */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

int shared(int n)
{
	return n * 2;
}
EXPORT_SYMBOL(shared);
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
