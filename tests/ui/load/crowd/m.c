/* A crowd of everything at once: threads, works, timers, files of /proc; the unload leaves nothing */
#include <linux/module.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

static unsigned int threads = 10000, works = 100000, timers = 10000, files = 1000;
module_param(threads, uint, 0444);
module_param(works, uint, 0444);
module_param(timers, uint, 0444);
module_param(files, uint, 0444);

static struct task_struct **thread;
static struct work_struct *work;
static struct timer_list *timer;
static struct proc_dir_entry *dir;
static struct workqueue_struct *queue;
static DECLARE_WAIT_QUEUE_HEAD(gate);
static DECLARE_COMPLETION(all_there);
static atomic_t there = ATOMIC_INIT(0), worked = ATOMIC_INIT(0), fired = ATOMIC_INIT(0);

static int stand(void *unused)
{
	if (atomic_inc_return(&there) == threads)
		complete(&all_there);
	wait_event(gate, kthread_should_stop());
	return 1;
}

static void run(struct work_struct *unused)
{
	atomic_inc(&worked);
}

static void tick(struct timer_list *unused)
{
	atomic_inc(&fired);
}

static int show(struct seq_file *file, void *unused)
{
	seq_printf(file, "%u\n", (unsigned int)(unsigned long)file->private);
	return 0;
}

static int __init start(void)
{
	unsigned int i;
	char name[16];

	thread = kvcalloc(threads, sizeof(*thread), GFP_KERNEL);
	work = kvcalloc(works, sizeof(*work), GFP_KERNEL);
	timer = kvcalloc(timers, sizeof(*timer), GFP_KERNEL);
	queue = alloc_workqueue("crowd", WQ_UNBOUND, 0);
	dir = proc_mkdir("crowd", NULL);
	if (!thread || !work || !timer || !queue || !dir)
		return -ENOMEM;
	for (i = 0; i < files; i++) {
		snprintf(name, sizeof(name), "%u", i);
		if (!proc_create_single_data(name, 0444, dir, show, (void *)(unsigned long)i))
			return -ENOMEM;
	}
	for (i = 0; i < timers; i++) {
		timer_setup(&timer[i], tick, 0);
		mod_timer(&timer[i], jiffies + 1 + i % 500);
	}
	for (i = 0; i < threads; i++) {
		thread[i] = kthread_run(stand, NULL, "crowd/%u", i);
		if (IS_ERR(thread[i]))
			return PTR_ERR(thread[i]);
	}
	wait_for_completion(&all_there);
	for (i = 0; i < works; i++) {
		INIT_WORK(&work[i], run);
		queue_work(i % 2 ? queue : system_wq, &work[i]);
	}
	return 0;
}

static void __exit finish(void)
{
	unsigned int i, stopped = 0, pending = 0, cancelled = 0;

	for (i = 0; i < works; i++)
		flush_work(&work[i]);
	for (i = 0; i < works; i++)
		queue_work(queue, &work[i]);
	for (i = 0; i < works; i++)
		cancelled += cancel_work_sync(&work[i]);
	destroy_workqueue(queue);
	for (i = 0; i < threads; i++)
		stopped += kthread_stop(thread[i]);
	for (i = 0; i < timers; i++)
		pending += del_timer_sync(&timer[i]);
	proc_remove(dir);
	/* Silent when all is well: the times of so many works are nobody's business. */
	WARN_ON(stopped != threads || pending || atomic_read(&fired) != timers);
	WARN_ON(atomic_read(&worked) + cancelled != 2 * works);
	kvfree(thread);
	kvfree(work);
	kvfree(timer);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
