/* A work queues itself again for ever; what the exit function waits for it never says */
#include <linux/module.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/workqueue.h>

static void poll(struct work_struct *work);
static DECLARE_DELAYED_WORK(poller, poll);
static DECLARE_COMPLETION(idle);
static int stopping, pending = 1;

static void poll(struct work_struct *work)
{
	if (READ_ONCE(stopping) && !READ_ONCE(pending)) {
		complete(&idle);
		return;
	}
	schedule_delayed_work(&poller, 5);
}

static int __init start(void)
{
	schedule_delayed_work(&poller, 5);
	return 0;
}

static void __exit finish(void)
{
	WRITE_ONCE(stopping, 1);
	wait_for_completion(&idle);
	WRITE_ONCE(pending, 0);
	cancel_delayed_work_sync(&poller);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
