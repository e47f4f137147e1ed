/* Two threads find no buffer and allocate one each: the lock is given back between test and use */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(lock);
static int *buffer;
static struct task_struct *tasks[2];

static int get(void *unused)
{
	int *fresh;

	mutex_lock(&lock);
	fresh = buffer;
	mutex_unlock(&lock);
	if (!fresh) {
		fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
		mutex_lock(&lock);
		buffer = fresh;
		mutex_unlock(&lock);
	}
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
	tasks[0] = kthread_run(get, NULL, "get/0");
	tasks[1] = kthread_run(get, NULL, "get/1");
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
	kfree(buffer);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
