/* A thread that stops itself waits for its own end */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

static struct task_struct *task;
static int work(void *data)
{
	int ret = kthread_stop(current);

	pr_info("stop of oneself %d\n", ret);
	return 5;
}
static int __init start(void)
{
	task = kthread_run(work, NULL, "selfstop");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
