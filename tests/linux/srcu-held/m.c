/* cleanup_srcu_struct while a reader is still inside */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include <linux/srcu.h>

static struct srcu_struct srcu;
static int __init start(void)
{
	int idx;

	pr_info("init %d\n", init_srcu_struct(&srcu));
	idx = srcu_read_lock(&srcu);
	pr_info("held, index %d\n", idx);
	cleanup_srcu_struct(&srcu);
	pr_info("after the cleanup\n");
	srcu_read_unlock(&srcu, idx);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
