/* The two works are in different queues */
#include <linux/module.h>
#include <linux/workqueue.h>

static struct workqueue_struct *queue;

static void second(struct work_struct *work)
{
	pr_info("second\n");
}
static DECLARE_WORK(behind, second);

static void first(struct work_struct *work)
{
	pr_info("first\n");
	schedule_work(&behind);
	flush_work(&behind);
}
static DECLARE_WORK(ahead, first);

static int __init start(void)
{
	queue = alloc_ordered_workqueue("one_by_one", 0);
	if (!queue)
		return -ENOMEM;
	queue_work(queue, &ahead);
	return 0;
}

static void __exit finish(void)
{
	destroy_workqueue(queue);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
