/* The same thread without a way out. On a real machine `rmmod` never comes back, and only a reboot helps. */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static struct task_struct *task;

static int heartbeat(void *data)
{
	int beats = 0;

	while (1) {
		pr_info("beat %d\n", ++beats);
		msleep(20000);
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
	kthread_stop(task);
}

module_init(heartbeat_init);
module_exit(heartbeat_exit);
MODULE_LICENSE("GPL");
