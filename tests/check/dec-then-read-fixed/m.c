/* A counter is decremented and tested in one step */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/atomic.h>

static atomic_t users = ATOMIC_INIT(2);
static int *data;
static struct task_struct *tasks[2];

static int put(void *unused)
{
	if (atomic_dec_and_test(&users))
		kfree(data);
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
	data = kzalloc(sizeof(*data), GFP_KERNEL);
	tasks[0] = kthread_run(put, NULL, "put/0");
	tasks[1] = kthread_run(put, NULL, "put/1");
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
	if (atomic_read(&users) > 0)
		kfree(data);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
