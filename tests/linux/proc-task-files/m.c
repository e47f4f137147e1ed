/* What /proc says of a kernel thread */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static struct task_struct *task;
static int work(void *data)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}
static int __init start(void)
{
	task = kthread_run(work, NULL, "a-long-kthread-name/%d", 3);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	kthread_stop(task);
}
module_exit(finish);
MODULE_LICENSE("GPL");
