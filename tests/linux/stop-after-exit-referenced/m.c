/* Stopping a thread that has ended but is referenced gives its result */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

static struct task_struct *task;
static int work(void *data)
{
	return 11;
}
static int __init start(void)
{
	task = kthread_create(work, NULL, "oneshot");
	get_task_struct(task);
	wake_up_process(task);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	pr_info("state %u exit_state %d exit_code %d\n", READ_ONCE(task->__state), task->exit_state, task->exit_code);
	pr_info("wake_up_process gave %d\n", wake_up_process(task));
	pr_info("kthread_stop gave %d\n", kthread_stop(task));
	pr_info("again %d\n", kthread_stop(task));
	put_task_struct(task);
}
module_exit(finish);
MODULE_LICENSE("GPL");
