/* Repaired: a thread that returned by itself is stopped later, and the pointer is good only by luck */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/pid.h>
#include <linux/sched/task.h>

static struct task_struct *task;

static int work(void *unused)
{
	msleep(100);
	pr_info("done\n");
	while (!kthread_should_stop())
		msleep(100);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "oneshot");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	pr_info("gave %d\n", kthread_stop(task));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
