/* Both threads write while they hold the lock */
#include <linux/module.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);
static int ready, total;
static struct completion done[2];

static int early(void *unused)
{
	spin_lock(&lock);
	total++;
	ready++;
	spin_unlock(&lock);
	kthread_complete_and_exit(&done[0], 0);
	return 0;
}

static int late(void *unused)
{
	spin_lock(&lock);
	total++;
	ready++;
	spin_unlock(&lock);
	kthread_complete_and_exit(&done[1], 0);
	return 0;
}

static int __init start(void)
{
	struct task_struct *one, *two;

	init_completion(&done[0]);
	init_completion(&done[1]);
	one = kthread_run(early, NULL, "early");
	if (IS_ERR(one))
		return PTR_ERR(one);
	two = kthread_run(late, NULL, "late");
	wait_for_completion(&done[0]);
	if (IS_ERR(two))
		return PTR_ERR(two);
	wait_for_completion(&done[1]);
	return 0;
}

static void __exit finish(void)
{
	pr_info("%d of %d\n", total, ready);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
