/* Two threads take two spinlocks in opposite orders */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(a);
static DEFINE_SPINLOCK(b);
static struct task_struct *tasks[2];

static int forward(void *unused)
{
	spin_lock(&a);
	spin_lock(&b);
	spin_unlock(&b);
	spin_unlock(&a);
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static int backward(void *unused)
{
	spin_lock(&b);
	spin_lock(&a);
	spin_unlock(&a);
	spin_unlock(&b);
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
	tasks[0] = kthread_run(forward, NULL, "forward");
	tasks[1] = kthread_run(backward, NULL, "backward");
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
