/* A delayed work runs whose module is gone */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include <linux/workqueue.h>
#include <linux/slab.h>

static void later(struct work_struct *unused)
{
	pr_info("later\n");
}
static int __init start(void)
{
	struct delayed_work *work = kmalloc(sizeof(*work), GFP_KERNEL);

	INIT_DELAYED_WORK(work, later);
	schedule_delayed_work(work, 4 * HZ);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
