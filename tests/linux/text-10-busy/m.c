/* A thread that computes without end takes a CPU; the same with a sleep does not */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static struct task_struct *task;
static int polite;
module_param(polite, int, 0);
static int work(void *data)
{
	while (!kthread_should_stop()) {
		if (polite)
			schedule_timeout_interruptible(HZ / 10);
		else
			cond_resched();
	}
	return 0;
}

static int __init start(void)
{
	pr_info("starting\n");
	task = kthread_run(work, NULL, "busy");
	return PTR_ERR_OR_ZERO(task);
}
module_init(start);

static void __exit finish(void)
{
	pr_info("finishing\n");
	pr_info("kthread_stop() gave %d\n", kthread_stop(task));
}
module_exit(finish);
MODULE_LICENSE("GPL");
