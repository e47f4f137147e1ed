/* A thread that allows SIGKILL and looks for it ends by kill -9; a reference of its own makes the later stop right */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

static struct task_struct *task;

static int work(void *unused)
{
	allow_signal(SIGKILL);
	while (!kthread_should_stop()) {
		pr_info("running\n");
		ssleep(5);
		if (signal_pending(current))
			break;
	}
	pr_info("leaving, signal pending: %d\n", signal_pending(current));
	return 3;
}

static int __init start(void)
{
	task = kthread_create(work, NULL, "mythread");
	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task);
	wake_up_process(task);
	return 0;
}

static void __exit finish(void)
{
	pr_info("kthread_stop() gave %d\n", kthread_stop(task));
	put_task_struct(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
