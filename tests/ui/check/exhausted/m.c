/* The smallest useful kernel thread: it beats once a second until it is asked to stop. */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static struct task_struct *task;

static int heartbeat(void *data)
{
	int beats = 0;

	while (!kthread_should_stop()) {
		pr_info("beat %d\n", ++beats);
		msleep(1000);
	}
	return beats;
}

static int __init heartbeat_init(void)
{
	task = kthread_run(heartbeat, NULL, "heartbeat");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit heartbeat_exit(void)
{
	int beats = kthread_stop(task);

	pr_info("stopped after %d beats\n", beats);
}

module_init(heartbeat_init);
module_exit(heartbeat_exit);
MODULE_LICENSE("GPL");
