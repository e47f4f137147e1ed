/* Works, delayed works and a queue of the module's own */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

struct job {
	struct work_struct work;
	int number;
};

static struct workqueue_struct *queue;

static void run_job(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	pr_info("job %d in %s\n", job->number, current->flags & PF_WQ_WORKER ? "a worker" : "?");
	msleep(30);
	pr_info("job %d done\n", job->number);
	kfree(job);
}

static void note(struct work_struct *work)
{
	pr_info("note, pending %d\n", work_pending(work));
}
static DECLARE_WORK(now, note);

static void later(struct work_struct *work);
static DECLARE_DELAYED_WORK(repeat, later);
static int times;

static void later(struct work_struct *work)
{
	pr_info("later %d\n", ++times);
	queue_delayed_work(queue, &repeat, msecs_to_jiffies(400));
}

static int __init start(void)
{
	int i, first, second;

	queue = alloc_ordered_workqueue("my_queue", WQ_MEM_RECLAIM);
	if (!queue)
		return -ENOMEM;
	for (i = 1; i <= 2; i++) {
		struct job *job = kmalloc(sizeof(*job), GFP_KERNEL);

		if (!job)
			break;
		job->number = i;
		INIT_WORK(&job->work, run_job);
		queue_work(queue, &job->work);
	}
	first = schedule_work(&now);
	second = schedule_work(&now);
	pr_info("queued %d, again %d\n", first, second);
	queue_delayed_work(queue, &repeat, msecs_to_jiffies(100));
	pr_info("flush %d\n", flush_work(&now));
	return 0;
}

static void __exit finish(void)
{
	bool pending = cancel_delayed_work_sync(&repeat);

	pr_info("was pending %d, idle %d\n", pending, !cancel_work_sync(&now));
	destroy_workqueue(queue);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
