/* kthread_park waits without end for a thread that returns instead of parking */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

static struct task_struct *task;
static int work(void *data)
{
	while (!kthread_should_park())
		schedule_timeout_interruptible(HZ / 20);
	pr_info("asked to park, returning\n");
	return 5;
}
static int __init start(void)
{
	task = kthread_run(work, NULL, "returner");
	get_task_struct(task);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	int ret = kthread_park(task);

	pr_info("park %d\n", ret);
}
module_exit(finish);
MODULE_LICENSE("GPL");
