/* A work is queued on a queue that was destroyed */
#include <linux/module.h>
#include <linux/workqueue.h>

static struct workqueue_struct *queue;

static void run(struct work_struct *work)
{
	pr_info("run\n");
}
static DECLARE_WORK(work, run);

static int __init start(void)
{
	queue = alloc_workqueue("mine", 0, 0);
	if (!queue)
		return -ENOMEM;
	destroy_workqueue(queue);
	pr_info("queued %d\n", queue_work(queue, &work)); //~ ERROR use-after-free, ERROR warn-on
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
