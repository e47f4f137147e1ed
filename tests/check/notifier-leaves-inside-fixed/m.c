/* Who called the chain takes the callback off it afterwards */
#include <linux/module.h>
#include <linux/notifier.h>

static BLOCKING_NOTIFIER_HEAD(chain);

static int heard(struct notifier_block *block, unsigned long event, void *data)
{
	return NOTIFY_STOP;
}
static struct notifier_block block = { .notifier_call = heard };

static int __init start(void)
{
	blocking_notifier_chain_register(&chain, &block);
	if (blocking_notifier_call_chain(&chain, 1, NULL) == NOTIFY_STOP)
		blocking_notifier_chain_unregister(&chain, &block);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
