/* A work that queues itself is cancelled without waiting for it */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

static struct delayed_work work;

static void work_fn(struct work_struct *unused)
{
	schedule_delayed_work(&work, 1);
}

static int __init start(void)
{
	INIT_DELAYED_WORK(&work, work_fn);
	schedule_delayed_work(&work, 1);
	return 0;
}

static void __exit finish(void)
{
	cancel_delayed_work(&work);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
