/* A work frees the structure it is in: that is allowed */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

struct job {
	int number;
	struct work_struct work;
};

static void run(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	pr_info("job %d\n", job->number);
	kfree(job);
}

static int __init start(void)
{
	int i;

	for (i = 1; i <= 3; i++) {
		struct job *job = kmalloc(sizeof(*job), GFP_KERNEL);

		if (!job)
			break;
		job->number = i;
		INIT_WORK(&job->work, run);
		schedule_work(&job->work);
	}
	flush_scheduled_work();
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
