/* A delayed work waits for its time when its module goes */
#include <linux/module.h>
#include <linux/workqueue.h>

static void poll(struct work_struct *work);
static DECLARE_DELAYED_WORK(poller, poll);

static void poll(struct work_struct *work)
{
	pr_info("polled\n");
	schedule_delayed_work(&poller, HZ); //~ ERROR leak-work
}

static int __init start(void)
{
	schedule_delayed_work(&poller, HZ);
	return 0;
}

static void __exit finish(void)
{
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
