/* Two threads change an idr, which has no lock of its own */
#include <linux/module.h>
#include <linux/idr.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/sched.h>

static DEFINE_IDR(numbers);
static struct task_struct *tasks[2];

static int user(void *unused);

static int __init start(void)
{
	tasks[0] = kthread_run(user, (void *)0, "user/0");
	if (IS_ERR(tasks[0]))
		return PTR_ERR(tasks[0]);
	tasks[1] = kthread_run(user, (void *)1, "user/1");
	if (IS_ERR(tasks[1])) {
		kthread_stop(tasks[0]);
		return PTR_ERR(tasks[1]);
	}
	return 0;
}

static int user(void *data)
{
	int id;

	id = idr_alloc(&numbers, tasks, 0, 0, GFP_KERNEL);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(20 * HZ);
	return id;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
	idr_destroy(&numbers);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
