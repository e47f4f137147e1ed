/* What runs beside what */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/workqueue.h>

static void busy(struct work_struct *work)
{
	pr_info("busy begins\n");
	mdelay(50);
	pr_info("busy ends\n");
}

static void sleepy(struct work_struct *work)
{
	pr_info("sleepy begins\n");
	msleep(50);
	pr_info("sleepy ends\n");
}

static DECLARE_WORK(busy1, busy);
static DECLARE_WORK(busy2, busy);
static DECLARE_WORK(sleepy1, sleepy);
static DECLARE_WORK(sleepy2, sleepy);
static DECLARE_WORK(one1, sleepy);
static DECLARE_WORK(one2, sleepy);
static struct workqueue_struct *one;

static int __init start(void)
{
	schedule_work_on(1, &busy1);
	schedule_work_on(1, &busy2);
	flush_work(&busy2);
	schedule_work_on(1, &sleepy1);
	schedule_work_on(1, &sleepy2);
	flush_scheduled_work();
	pr_info("now one at a time\n");
	one = alloc_workqueue("one", 0, 1);
	if (!one)
		return -ENOMEM;
	queue_work_on(1, one, &one1);
	queue_work_on(1, one, &one2);
	flush_workqueue(one);
	return 0;
}

static void __exit finish(void)
{
	destroy_workqueue(one);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
