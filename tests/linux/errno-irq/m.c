/* Interrupts that cannot be had */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/delay.h>

static irqreturn_t handle(int irq, void *dev)
{
	return IRQ_NONE;
}
static irqreturn_t thread(int irq, void *dev)
{
	return IRQ_HANDLED;
}
static int a, b;
static int __init start(void)
{
	pr_info("no handler %d\n", request_irq(5, NULL, 0, "kloom", &a));
	pr_info("shared, no cookie %d\n", request_irq(5, handle, IRQF_SHARED, "kloom", NULL));
	pr_info("no such line %d\n", request_irq(100000, handle, 0, "kloom", &a));
	pr_info("thread without oneshot %d\n", request_threaded_irq(5, NULL, thread, 0, "kloom", &a));
	pr_info("line 5 %d\n", request_irq(5, handle, 0, "kloom-a", &a));
	pr_info("again %d\n", request_irq(5, handle, 0, "kloom-b", &b));
	pr_info("shared with it %d\n", request_irq(5, handle, IRQF_SHARED, "kloom-c", &b));
	pr_info("free of another cookie %d\n", free_irq(5, &b) == NULL);
	pr_info("free %s\n", (const char *)free_irq(5, &a));
	pr_info("shared %d\n", request_irq(5, handle, IRQF_SHARED, "kloom-a", &a));
	pr_info("shared too %d\n", request_irq(5, handle, IRQF_SHARED, "kloom-b", &b));
	pr_info("not shared %d\n", request_irq(5, handle, 0, "kloom-c", &b + 1));
	free_irq(5, &b);
	disable_irq(5);
	enable_irq(5);
	enable_irq(5);
	free_irq(5, &a);
	pr_info("threaded %d\n", request_threaded_irq(5, NULL, thread, IRQF_ONESHOT, "kloom-t", &a));
	synchronize_irq(5);
	free_irq(5, &a);
	pr_info("any context %d\n", request_any_context_irq(5, handle, 0, "kloom-x", &a));
	free_irq(5, &a);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
