/* A thread that returned by itself is stopped later, and the pointer is good only by luck */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/pid.h>
#include <linux/sched/task.h>

static struct task_struct *other;

static struct task_struct *task;

static int work(void *unused)
{
	msleep(100);
	pr_info("done\n");
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "oneshot");
	if (IS_ERR(task))
		return PTR_ERR(task);
	other = get_pid_task(find_vpid(task->pid), PIDTYPE_PID);
	return 0;
}

static void __exit finish(void)
{
	pr_info("gave %d\n", kthread_stop(task)); //~ WARNING stop-exited-thread
	put_task_struct(other);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
