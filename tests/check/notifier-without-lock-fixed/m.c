/* The semaphore of a blocking chain orders calls and changes, and so what the callbacks count */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/notifier.h>
#include <linux/sched.h>

static BLOCKING_NOTIFIER_HEAD(chain);
static ATOMIC_NOTIFIER_HEAD(fast);
static struct srcu_notifier_head slow;
static struct task_struct *task;
static int calls;

static int heard(struct notifier_block *block, unsigned long event, void *data)
{
	calls++;
	return NOTIFY_OK;
}
static int nothing(struct notifier_block *block, unsigned long event, void *data)
{
	return NOTIFY_DONE;
}
static struct notifier_block block = { .notifier_call = heard };
static struct notifier_block fast_block = { .notifier_call = nothing };
static struct notifier_block slow_block = { .notifier_call = nothing };

static int caller(void *unused)
{
	while (!kthread_should_stop()) {
		blocking_notifier_call_chain(&chain, 1, NULL);
		atomic_notifier_call_chain(&fast, 1, NULL);
		srcu_notifier_call_chain(&slow, 1, NULL);
		schedule_timeout_interruptible(20 * HZ);
	}
	return 0;
}

static int __init start(void)
{
	srcu_init_notifier_head(&slow);
	task = kthread_run(caller, NULL, "caller");
	if (IS_ERR(task)) {
		srcu_cleanup_notifier_head(&slow);
		return PTR_ERR(task);
	}
	blocking_notifier_chain_register(&chain, &block);
	atomic_notifier_chain_register(&fast, &fast_block);
	srcu_notifier_chain_register(&slow, &slow_block);
	return 0;
}

static void __exit finish(void)
{
	srcu_notifier_chain_unregister(&slow, &slow_block);
	atomic_notifier_chain_unregister(&fast, &fast_block);
	blocking_notifier_chain_unregister(&chain, &block);
	/* Nobody calls it any more, although the thread still runs */
	pr_info("%d calls\n", calls);
	kthread_stop(task);
	srcu_cleanup_notifier_head(&slow);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
