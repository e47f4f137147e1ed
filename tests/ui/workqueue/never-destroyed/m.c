/* A workqueue is never destroyed */
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
	queue = alloc_workqueue("mine", WQ_MEM_RECLAIM, 0); //~ ERROR leak-registration
	if (!queue)
		return -ENOMEM;
	queue_work(queue, &work);
	return 0;
}

static void __exit finish(void)
{
	flush_work(&work);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
