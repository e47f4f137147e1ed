/* A raw chain has no lock: who is called while another registers */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/notifier.h>
#include <linux/sched.h>

static RAW_NOTIFIER_HEAD(chain);
static struct task_struct *task;

static int heard(struct notifier_block *block, unsigned long event, void *data)
{
	return NOTIFY_OK;
}
static struct notifier_block block = { .notifier_call = heard };

static int caller(void *unused)
{
	while (!kthread_should_stop()) {
		raw_notifier_call_chain(&chain, 1, NULL);
		schedule_timeout_interruptible(20 * HZ);
	}
	return 0;
}

static int __init start(void)
{
	task = kthread_run(caller, NULL, "caller");
	if (IS_ERR(task))
		return PTR_ERR(task);
	raw_notifier_chain_register(&chain, &block);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(task);
	raw_notifier_chain_unregister(&chain, &block);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
