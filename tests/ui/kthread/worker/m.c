/* A thread with a queue of works */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/kthread.h>

static struct kthread_worker *worker;
static int runs;

static void run(struct kthread_work *work)
{
	pr_info("%s: run %d\n", current->comm, ++runs);
	msleep(20);
}
static DEFINE_KTHREAD_WORK(work, run);
static struct kthread_delayed_work delayed;

static int __init start(void)
{
	bool first, second;

	worker = kthread_create_worker(0, "my_worker/%d", 3);
	if (IS_ERR(worker))
		return PTR_ERR(worker);
	kthread_init_delayed_work(&delayed, run);
	first = kthread_queue_work(worker, &work);
	second = kthread_queue_work(worker, &work);
	pr_info("queued %d, again %d\n", first, second);
	kthread_flush_work(&work);
	pr_info("flushed\n");
	kthread_queue_delayed_work(worker, &delayed, HZ / 4);
	return 0;
}

static void __exit finish(void)
{
	kthread_queue_delayed_work(worker, &delayed, 100 * HZ);
	pr_info("cancelled %d\n", kthread_cancel_delayed_work_sync(&delayed));
	kthread_queue_work(worker, &work);
	kthread_destroy_worker(worker);
	pr_info("runs %d\n", runs);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
