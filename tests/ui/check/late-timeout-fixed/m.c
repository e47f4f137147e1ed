#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static struct task_struct *poller;
static int table = 7;
static int *entries = &table;

static int poll_fn(void *unused)
{
	while (!kthread_should_stop()) {
		/* Nothing came for twenty seconds: look at the table. */
		if (!schedule_timeout_interruptible(20 * HZ))
			pr_info("%d\n", READ_ONCE(*READ_ONCE(entries)));
	}
	return 0;
}

static int __init late_init(void)
{
	poller = kthread_run(poll_fn, NULL, "poller");
	return PTR_ERR_OR_ZERO(poller);
}

static void __exit late_exit(void)
{
	kthread_stop(poller);
	WRITE_ONCE(entries, NULL);
}

module_init(late_init);
module_exit(late_exit);
MODULE_LICENSE("GPL");
