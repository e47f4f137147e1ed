/* A work destroys the queue it runs in */
#include <linux/module.h>
#include <linux/workqueue.h>

static struct workqueue_struct *queue;

static void last(struct work_struct *work)
{
	pr_info("the last work\n");
	destroy_workqueue(queue); //~ ERROR self-deadlock
}
static DECLARE_WORK(work, last);

static int __init start(void)
{
	queue = alloc_workqueue("mine", 0, 0);
	if (!queue)
		return -ENOMEM;
	queue_work(queue, &work);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
