/* A module unloaded under its running thread: the thread returns into nothing */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static struct task_struct *task;
static int work(void *data)
{
	while (!kthread_should_stop()) {
		pr_info("Thread Running\n");
		ssleep(2);
	}
	return 0;
}

static int __init start(void)
{
	pr_info("starting\n");
	task = kthread_run(work, NULL, "mythread");
	return PTR_ERR_OR_ZERO(task);
}
module_init(start);

static void __exit finish(void)
{
	pr_info("finishing without a stop\n");
}
module_exit(finish);
MODULE_LICENSE("GPL");
