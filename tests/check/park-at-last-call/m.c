/* A thread that has looked for a park request for the last time is asked to park before it has ended */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/err.h>

static struct task_struct *task;

static int once(void *unused)
{
	if (kthread_should_park())
		kthread_parkme();
	return 0;
}

static int __init start(void)
{
	task = kthread_create(once, NULL, "once");
	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task);
	wake_up_process(task);
	return 0;
}

static void __exit finish(void)
{
	/* A thread that has ended warns here; one that has only stopped looking never parks. */
	kthread_park(task);
	kthread_stop(task);
	put_task_struct(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
