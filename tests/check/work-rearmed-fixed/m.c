/* A work that queues itself is cancelled, and waited for */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

static struct delayed_work work;
static int stopping;

static void work_fn(struct work_struct *unused)
{
	if (!READ_ONCE(stopping))
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
	WRITE_ONCE(stopping, 1);
	cancel_delayed_work_sync(&work);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
