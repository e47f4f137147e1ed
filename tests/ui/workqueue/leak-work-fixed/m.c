/* cancel_delayed_work_sync() in the exit function */
#include <linux/module.h>
#include <linux/workqueue.h>

static void poll(struct work_struct *work);
static DECLARE_DELAYED_WORK(poller, poll);

static void poll(struct work_struct *work)
{
	pr_info("polled\n");
	schedule_delayed_work(&poller, HZ);
}

static int __init start(void)
{
	schedule_delayed_work(&poller, HZ);
	return 0;
}

static void __exit finish(void)
{
	cancel_delayed_work_sync(&poller);
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
