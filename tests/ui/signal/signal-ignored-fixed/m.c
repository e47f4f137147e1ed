/* Repaired: kill -9 of a thread that allows no signal does nothing */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched/signal.h>

static struct task_struct *task;

static int loop(void *unused)
{
	allow_signal(SIGKILL);
	while (!kthread_should_stop()) {
		msleep_interruptible(1000);
		if (signal_pending(current)) {
			pr_info("interrupted\n");
			flush_signals(current);
		}
	}
	return 0;
}

static int __init start(void)
{
	pr_info("hello\n");
	task = kthread_run(loop, NULL, "mythread");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	pr_info("stopping\n");
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
