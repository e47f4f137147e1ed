/* Chains of notifiers: what stops them, and what is refused */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/notifier.h>
#include <linux/err.h>

static int one(struct notifier_block *nb, unsigned long event, void *data)
{
	pr_info("one %lu\n", event);
	return event == 1 ? NOTIFY_STOP : event == 2 ? NOTIFY_BAD : event == 3 ? notifier_from_errno(-EBUSY) : NOTIFY_OK;
}
static int two(struct notifier_block *nb, unsigned long event, void *data)
{
	pr_info("two %lu\n", event);
	return event == 4 ? NOTIFY_DONE : NOTIFY_OK;
}
static struct notifier_block a = { .notifier_call = one, .priority = 5 }, b = { .notifier_call = two, .priority = 1 };
static ATOMIC_NOTIFIER_HEAD(atomic);
static BLOCKING_NOTIFIER_HEAD(blocking);
static RAW_NOTIFIER_HEAD(raw);
static struct srcu_notifier_head srcu;
static int __init start(void)
{
	int i, ret;

	pr_info("empty %d\n", atomic_notifier_call_chain(&atomic, 0, NULL));
	pr_info("register %d %d\n", atomic_notifier_chain_register(&atomic, &b), atomic_notifier_chain_register(&atomic, &a));
	for (i = 0; i < 5; i++) {
		ret = atomic_notifier_call_chain(&atomic, i, NULL);
		pr_info("event %d: %x errno %d\n", i, ret, notifier_to_errno(ret));
	}
	pr_info("unregister %d again %d\n", atomic_notifier_chain_unregister(&atomic, &a), atomic_notifier_chain_unregister(&atomic, &a));
	pr_info("unregister %d\n", atomic_notifier_chain_unregister(&atomic, &b));
	pr_info("blocking %d\n", blocking_notifier_chain_register(&blocking, &a));
	pr_info("call %x\n", blocking_notifier_call_chain(&blocking, 2, NULL));
	pr_info("unregister %d again %d\n", blocking_notifier_chain_unregister(&blocking, &a), blocking_notifier_chain_unregister(&blocking, &a));
	pr_info("raw %d same %d\n", raw_notifier_chain_register(&raw, &a), raw_notifier_chain_register(&raw, &a));
	pr_info("call %x\n", raw_notifier_call_chain(&raw, 1, NULL));
	pr_info("unregister %d\n", raw_notifier_chain_unregister(&raw, &a));
	pr_info("atomic twice %d\n", atomic_notifier_chain_register(&atomic, &a));
	pr_info("atomic twice %d\n", atomic_notifier_chain_register(&atomic, &a));
	pr_info("blocking twice %d\n", blocking_notifier_chain_register(&blocking, &b));
	pr_info("blocking twice %d\n", blocking_notifier_chain_register(&blocking, &b));
	srcu_init_notifier_head(&srcu);
	a = (struct notifier_block){ .notifier_call = one };
	pr_info("srcu twice %d\n", srcu_notifier_chain_register(&srcu, &a));
	pr_info("srcu twice %d\n", srcu_notifier_chain_register(&srcu, &a));
	pr_info("srcu %d again %d\n", srcu_notifier_chain_unregister(&srcu, &a), srcu_notifier_chain_unregister(&srcu, &a));
	srcu_cleanup_notifier_head(&srcu);
	pr_info("to_errno %d %d %d\n", notifier_to_errno(NOTIFY_BAD), notifier_to_errno(NOTIFY_STOP), notifier_to_errno(0));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
