/* The mutex is released first */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

static DEFINE_MUTEX(lock);
static struct workqueue_struct *queue;

static void run(struct work_struct *work)
{
	mutex_lock(&lock);
	pr_info("works\n");
	mutex_unlock(&lock);
}
static DECLARE_WORK(work, run);

static int __init start(void)
{
	queue = alloc_workqueue("mine", 0, 0);
	return queue ? 0 : -ENOMEM;
}

static void __exit finish(void)
{
	mutex_lock(&lock);
	queue_work(queue, &work);
	mutex_unlock(&lock);
	destroy_workqueue(queue);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
