/* A panic calls those who asked for it, by priority */
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>

static int told(struct notifier_block *block, unsigned long code, void *text)
{
	pr_emerg("priority %d, code %lu: %s\n", block->priority, code, (char *)text);
	return block->priority == 1 ? NOTIFY_STOP : NOTIFY_DONE;
}

static struct notifier_block low = { .notifier_call = told }, middle = { .notifier_call = told, .priority = 1 };
static struct notifier_block high = { .notifier_call = told, .priority = 9 }, gone = { .notifier_call = told };

static int __init start(void)
{
	atomic_notifier_chain_register(&panic_notifier_list, &low);
	atomic_notifier_chain_register(&panic_notifier_list, &gone);
	atomic_notifier_chain_register(&panic_notifier_list, &high);
	atomic_notifier_chain_register(&panic_notifier_list, &middle);
	atomic_notifier_chain_unregister(&panic_notifier_list, &gone);
	panic("number %d", 5); //~ ERROR panic
}
module_init(start);
MODULE_LICENSE("GPL");
