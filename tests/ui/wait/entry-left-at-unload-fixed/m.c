/* remove_wait_queue() in the exit function */
#include <linux/module.h>
#include <linux/wait.h>
#include <linux/sched.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static struct wait_queue_entry entry;

static int woken(struct wait_queue_entry *unused, unsigned int mode, int flags, void *key)
{
	pr_info("woken\n");
	return 0;
}

static int __init start(void)
{
	init_waitqueue_func_entry(&entry, woken);
	add_wait_queue(&queue, &entry);
	wake_up(&queue);
	return 0;
}

static void __exit finish(void)
{
	remove_wait_queue(&queue, &entry);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
