/* The value is changed while the lock is held for writing */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

static DEFINE_RWLOCK(lock);
static int total;
static struct task_struct *tasks[2];

static int add(void *unused)
{
	write_lock(&lock);
	total += 1;
	write_unlock(&lock);
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
	tasks[0] = kthread_run(add, NULL, "add/0");
	tasks[1] = kthread_run(add, NULL, "add/1");
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
