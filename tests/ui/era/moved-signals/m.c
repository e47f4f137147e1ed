/* signal_pending() and allow_signal() from <linux/sched.h>, where they were until 4.11 */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>

static struct task_struct *task;

static int work(void *unused)
{
	allow_signal(SIGINT);
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_timeout(HZ);
		if (signal_pending(current)) {
			pr_info("a signal\n");
			flush_signals(current);
		}
	}
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "worker");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
