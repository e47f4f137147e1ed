/* As the texts do it: kill -9 ends the thread, and rmmod then uses a freed task, but comes out */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched/signal.h>

static struct task_struct *task;

static int work(void *unused)
{
	allow_signal(SIGKILL);
	while (!kthread_should_stop()) {
		pr_info("running\n");
		ssleep(5);
		if (signal_pending(task))
			break;
	}
	pr_info("leaving\n");
	do_exit(0);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "mythread");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	pr_info("cleaning up\n");
	kthread_stop(task); //~ ERROR use-after-free
	pr_info("cleaned up\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
