/* get_task_struct() without put_task_struct() */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched/task.h>

static struct task_struct *task;

static int work(void *unused)
{
	while (!kthread_should_stop())
		msleep(100);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "worker");
	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task); //~ WARNING leak-reference
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
