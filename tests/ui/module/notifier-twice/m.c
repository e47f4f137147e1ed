/* A notifier is registered twice: Linux warns and answers -EEXIST */
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/reboot.h>

static int told(struct notifier_block *block, unsigned long event, void *data)
{
	return NOTIFY_OK;
}
static struct notifier_block notifier = { .notifier_call = told };

static int __init start(void)
{
	pr_info("first: %d\n", register_reboot_notifier(&notifier));
	pr_info("second: %d\n", register_reboot_notifier(&notifier)); //~ ERROR double-registration
	return 0;
}

static void __exit finish(void)
{
	pr_info("out: %d\n", unregister_reboot_notifier(&notifier));
	pr_info("again: %d\n", unregister_reboot_notifier(&notifier));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
