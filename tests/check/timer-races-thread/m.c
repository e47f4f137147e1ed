/* A timer callback and a thread use a variable without a lock */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/timer.h>

static int ticks;
static struct timer_list timer;
static struct task_struct *task;

static void fire(struct timer_list *unused)
{
	ticks++;
}

static int show(void *unused)
{
	pr_info("%d ticks\n", ticks);
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
