/* A timer callback and a thread use a variable under a bottom-half lock */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static int ticks;
static DEFINE_SPINLOCK(lock);
static struct timer_list timer;
static struct task_struct *task;

static void fire(struct timer_list *unused)
{
	spin_lock(&lock);
	ticks++;
	spin_unlock(&lock);
}

static int show(void *unused)
{
	spin_lock_bh(&lock);
	pr_info("%d ticks\n", ticks);
	spin_unlock_bh(&lock);
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static int __init start(void)
{
	timer_setup(&timer, fire, 0);
	mod_timer(&timer, jiffies + 1);
	task = kthread_run(show, NULL, "show");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	kthread_stop(task);
	del_timer_sync(&timer);
	pr_info("%d in all\n", ticks);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
