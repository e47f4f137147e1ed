/* Two functions share line 5; line 6 has a thread; lines nobody may have */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>

static int one, two;

static irqreturn_t first(int irq, void *dev)
{
	int *count = dev;

	WARN_ON(!in_hardirq() || !irqs_disabled());
	++*count;
	pr_info("first: %d on line %d\n", *count, irq);
	return IRQ_HANDLED;
}

static irqreturn_t second(int irq, void *dev)
{
	return dev == &two ? IRQ_NONE : IRQ_HANDLED;
}

static irqreturn_t hard(int irq, void *dev)
{
	return IRQ_WAKE_THREAD;
}

static irqreturn_t soft(int irq, void *dev)
{
	WARN_ON(in_interrupt());
	pr_info("%s handles line %d\n", current->comm, irq);
	return IRQ_HANDLED;
}

static irqreturn_t threadless(int irq, void *dev)
{
	return IRQ_WAKE_THREAD;
}

static ssize_t line_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char c;

	if (get_user(c, buf))
		return -EFAULT;
	if (c == 'd') {
		disable_irq(5);
		disable_irq(5);
		enable_irq(5);
		pr_info("disabled\n");
	} else {
		pr_info("enabling\n");
		enable_irq(5);
	}
	return count;
}

static const struct proc_ops line_ops = { .proc_write = line_write };

static int __init start(void)
{
	int ret;

	ret = request_irq(5, first, IRQF_SHARED, "kloom-one", &one);
	if (ret)
		return ret;
	pr_info("second: %d\n", request_irq(5, second, IRQF_SHARED, "kloom-two", &two));
	pr_info("thread: %d\n", request_threaded_irq(6, hard, soft, 0, "kloom-six", NULL));
	pr_info("beside the keyboard: %d\n", request_irq(1, second, IRQF_SHARED, "kloom-key", &one));
	pr_info("not shared: %d\n", request_irq(5, first, 0, "alone", NULL));
	pr_info("the clock's: %d\n", request_irq(8, first, IRQF_SHARED, "clock", &one));
	pr_info("shared without device: %d\n", request_irq(7, first, IRQF_SHARED, "nobody", NULL));
	pr_info("no such line: %d\n", request_irq(64, first, 0, "far", NULL));
	pr_info("the cascade: %d\n", request_irq(2, first, 0, "cascade", NULL));
	pr_info("no function: %d\n", request_irq(7, NULL, 0, "empty", NULL));
	pr_info("only a thread: %d\n", request_threaded_irq(7, NULL, soft, 0, "soft", NULL));
	pr_info("no thread: %d\n", request_irq(10, threadless, 0, "kloom-ten", NULL));
	pr_info("taken: %d %d\n", irq_has_action(5), irq_has_action(7));
	proc_create("line", 0200, NULL, &line_ops);
	return 0;
}

static void __exit finish(void)
{
	remove_proc_entry("line", NULL);
	free_irq(10, NULL);
	pr_info("freed %s\n", (const char *)free_irq(1, &one));
	pr_info("freed %s\n", (const char *)free_irq(6, NULL));
	pr_info("freed %s\n", (const char *)free_irq(5, &two));
	free_irq(5, &one);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
