/* A callback takes itself off its blocking chain, whose semaphore the call holds */
#include <linux/module.h>
#include <linux/notifier.h>

static BLOCKING_NOTIFIER_HEAD(chain);

static int heard(struct notifier_block *block, unsigned long event, void *data)
{
	blocking_notifier_chain_unregister(&chain, block);
	return NOTIFY_OK;
}
static struct notifier_block block = { .notifier_call = heard };

static int __init start(void)
{
	blocking_notifier_chain_register(&chain, &block);
	blocking_notifier_call_chain(&chain, 1, NULL);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
