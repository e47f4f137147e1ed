/* A reader waits instead */
#include <linux/module.h>
#include <linux/wait.h>
#include <linux/sched.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static int opened;

static int __init start(void)
{
	opened = 1;
	if (wait_event_interruptible(queue, opened))
		return -ERESTARTSYS;
	return 0;
}

static void __exit finish(void)
{
	wake_up(&queue);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
