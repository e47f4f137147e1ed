/* What queueing and cancelling the works of a kthread worker gives */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/slab.h>

static struct kthread_worker *w;
static int runs;
static void run(struct kthread_work *work)
{
	runs++;
	pr_info("work %d by %s\n", runs, current->comm);
}
static DEFINE_KTHREAD_WORK(work, run);
static DEFINE_KTHREAD_DELAYED_WORK(late, run);
static int __init start(void)
{
	w = kthread_create_worker(0, "kloomworker/%d", 7);
	pr_info("made %d\n", !IS_ERR(w));
	pr_info("queue %d\n", kthread_queue_work(w, &work));
	kthread_flush_work(&work);
	pr_info("flushed, ran %d\n", runs);
	pr_info("delayed %d again %d\n", kthread_queue_delayed_work(w, &late, 100), kthread_queue_delayed_work(w, &late, 100));
	pr_info("mod %d\n", kthread_mod_delayed_work(w, &late, 50));
	pr_info("cancel %d again %d\n", kthread_cancel_delayed_work_sync(&late), kthread_cancel_delayed_work_sync(&late));
	pr_info("cancel idle %d\n", kthread_cancel_work_sync(&work));
	pr_info("delayed %d\n", kthread_queue_delayed_work(w, &late, 2));
	msleep(60);
	pr_info("ran %d\n", runs);
	kthread_queue_work(w, &work);
	kthread_flush_worker(w);
	pr_info("flushed, ran %d\n", runs);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	kthread_destroy_worker(w);
	pr_info("destroyed\n");
}
module_exit(finish);
MODULE_LICENSE("GPL");
