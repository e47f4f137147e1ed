/*
 * `n` works, in batches that are queued one after the other and then waited for: each runs in a kworker.
 * how=0: flush_workqueue() after a batch; how=1: flush_work() after each work.
 */
#include <linux/module.h>
#include <linux/workqueue.h>

#define BATCH 1024

static ulong n = 1000;
module_param(n, ulong, 0444);
static int how;
module_param(how, int, 0444);

static struct work_struct works[BATCH];
static struct workqueue_struct *queue;
static ulong ran;

static void run(struct work_struct *work)
{
	ran++;
}

static int __init work_init(void)
{
	ulong i, left = n;

	queue = alloc_workqueue("bench", 0, 0);
	if (!queue)
		return -ENOMEM;
	for (i = 0; i < BATCH; i++)
		INIT_WORK(&works[i], run);
	while (left) {
		ulong batch = left < BATCH ? left : BATCH;

		for (i = 0; i < batch; i++) {
			queue_work_on(0, queue, &works[i]);
			if (how)
				flush_work(&works[i]);
		}
		flush_workqueue(queue);
		left -= batch;
	}
	if (ran != n) {
		pr_err("%lu of %lu ran\n", ran, n);
		destroy_workqueue(queue);
		return -EINVAL;
	}
	return 0;
}

static void __exit work_exit(void)
{
	destroy_workqueue(queue);
}

module_init(work_init);
module_exit(work_exit);
MODULE_LICENSE("GPL");
