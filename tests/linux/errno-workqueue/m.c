/* Works queued wrongly and what asking about them gives */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/workqueue.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/slab.h>

static struct workqueue_struct *wq, *ordered;
static void fn(struct work_struct *w);
static DECLARE_WORK(one, fn);
static DECLARE_WORK(two, fn);
static DECLARE_DELAYED_WORK(late, fn);
static struct rcu_work rw;
static void fn(struct work_struct *w)
{
	if (w == &one)
		pr_info("current_work %d busy %u\n", current_work() == w, work_busy(w));
	msleep(20);
}
static void none(struct work_struct *w)
{
}
static int __init start(void)
{
	wq = alloc_workqueue("kloom_big_name_that_is_longer_than_it_may", 0, 100000);
	pr_info("too many active %d\n", !!wq);
	destroy_workqueue(wq);
	wq = alloc_workqueue("kloom_neg", 0, -5);
	pr_info("negative active %d\n", !!wq);
	destroy_workqueue(wq);
	ordered = alloc_ordered_workqueue("kloom_ord", 0);
	wq = alloc_workqueue("kloom_wq", 0, 1);
	pr_info("queue %d again %d\n", queue_work(wq, &one), queue_work(wq, &one));
	pr_info("other queue %d\n", queue_work(ordered, &one));
	pr_info("queue %d\n", queue_work(wq, &two));
	msleep(8);
	pr_info("busy one %u two %u late %u\n", work_busy(&one), work_busy(&two), work_busy(&late.work));
	pr_info("queue while it runs %d\n", queue_work(wq, &one));
	pr_info("busy %u\n", work_busy(&one));
	pr_info("cancel %d\n", cancel_work(&one));
	pr_info("cancel two %d again %d\n", cancel_work_sync(&two), cancel_work_sync(&two));
	pr_info("flush %d again %d\n", flush_work(&one), flush_work(&one));
	pr_info("delayed %d again %d\n", queue_delayed_work(wq, &late, HZ), queue_delayed_work(wq, &late, HZ));
	pr_info("pending %d\n", delayed_work_pending(&late));
	pr_info("work of it %d\n", queue_work(wq, &late.work));
	pr_info("mod %d\n", mod_delayed_work(wq, &late, 2 * HZ));
	pr_info("flush %d\n", flush_delayed_work(&late));
	pr_info("mod idle %d cancel %d again %d\n", mod_delayed_work(wq, &late, HZ), cancel_delayed_work(&late), cancel_delayed_work(&late));
	pr_info("zero delay %d\n", queue_delayed_work(wq, &late, 0));
	pr_info("cancel sync %d\n", cancel_delayed_work_sync(&late));
	INIT_RCU_WORK(&rw, none);
	pr_info("rcu %d again %d\n", queue_rcu_work(wq, &rw), queue_rcu_work(wq, &rw));
	pr_info("flush rcu %d again %d\n", flush_rcu_work(&rw), flush_rcu_work(&rw));
	pr_info("current_work of insmod %d\n", current_work() == NULL);
	workqueue_set_max_active(wq, 3);
	pr_info("congested %d\n", workqueue_congested(0, wq));
	drain_workqueue(wq);
	pr_info("queue after drain %d\n", queue_work(wq, &two));
	destroy_workqueue(wq);
	destroy_workqueue(ordered);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
