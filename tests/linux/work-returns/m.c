/* What queueing, flushing and cancelling work give */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

static int runs;
static void fn(struct work_struct *w)
{
	runs++;
	pr_info("work %d in %s\n", runs, current->flags & PF_WQ_WORKER ? "a worker" : "?");
	msleep(20);
}
static DECLARE_WORK(work, fn);
static DECLARE_DELAYED_WORK(later, fn);
static int __init start(void)
{
	struct workqueue_struct *wq = alloc_workqueue("kloom_wq", WQ_MEM_RECLAIM, 1);
	pr_info("flush of idle %d\n", flush_work(&work));
	pr_info("schedule %d\n", schedule_work(&work));
	pr_info("again %d\n", schedule_work(&work));
	pr_info("flush %d\n", flush_work(&work));
	pr_info("cancel of idle %d\n", cancel_work_sync(&work));
	queue_work(wq, &work);
	pr_info("pending %d\n", work_pending(&work));
	pr_info("cancel of pending %d\n", cancel_work_sync(&work));
	pr_info("delayed %d\n", queue_delayed_work(wq, &later, 10));
	pr_info("again %d\n", queue_delayed_work(wq, &later, 10));
	pr_info("mod %d\n", mod_delayed_work(wq, &later, 5));
	pr_info("flush_delayed %d\n", flush_delayed_work(&later));
	pr_info("mod of idle %d\n", mod_delayed_work(wq, &later, 5));
	pr_info("cancel_delayed %d\n", cancel_delayed_work_sync(&later));
	pr_info("again %d\n", cancel_delayed_work(&later));
	destroy_workqueue(wq);
	pr_info("runs %d\n", runs);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
