/* A thread that never gives up its CPU is noticed by the watchdog */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static struct task_struct *task;
static int work(void *data)
{
	while (!kthread_should_stop())
		cpu_relax();
	return 0;
}
static int __init start(void)
{
	task = kthread_create(work, NULL, "spinner");
	kthread_bind(task, 1);
	wake_up_process(task);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	kthread_stop(task);
}
module_exit(finish);
MODULE_LICENSE("GPL");
