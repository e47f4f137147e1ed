/* init waits for what only comes after it */
#include <linux/module.h>
#include <linux/wait.h>
#include <linux/sched.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static int opened;

static int __init start(void)
{
	if (wait_event_interruptible(queue, opened)) //~ ERROR sleeps-forever
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
