/* A driver that takes those with a line, and one that matches by table */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/platform_device.h>

struct thing { int irqs; char *name; };

static irqreturn_t on_irq(int irq, void *data)
{
	struct thing *thing = data;

	pr_info("%s: line %d, %d\n", thing->name, irq, ++thing->irqs);
	return IRQ_HANDLED;
}

static void last(void *data)
{
	pr_info("last: %s\n", (char *)data);
}

static int probe(struct platform_device *pdev)
{
	struct resource *mem = platform_get_resource(pdev, IORESOURCE_MEM, 0);
	struct thing *thing;
	int irq = platform_get_irq(pdev, 0);

	dev_info(&pdev->dev, "probe: memory %s, line %d\n", mem ? mem->name : "none", irq);
	thing = devm_kzalloc(&pdev->dev, sizeof(*thing), GFP_KERNEL);
	if (!thing)
		return -ENOMEM;
	thing->name = devm_kasprintf(&pdev->dev, GFP_KERNEL, "thing of %s", dev_name(&pdev->dev));
	devm_add_action_or_reset(&pdev->dev, last, thing->name);
	if (irq < 0)
		return irq == -ENXIO ? -EIO : irq;
	platform_set_drvdata(pdev, thing);
	return devm_request_irq(&pdev->dev, irq, on_irq, 0, NULL, thing);
}

static int remove(struct platform_device *pdev)
{
	struct thing *thing = platform_get_drvdata(pdev);

	dev_info(&pdev->dev, "remove after %d\n", thing->irqs);
	return 0;
}

static struct platform_driver driver = {
	.probe = probe,
	.remove = remove,
	.driver = { .name = "kloom-thing" },
};

static const struct platform_device_id ids[] = {
	{ "kloom-other", 77 },
	{}
};

static int other_probe(struct platform_device *pdev)
{
	pr_info("other: %s, %lu, %s\n", dev_name(&pdev->dev), platform_get_device_id(pdev)->driver_data,
		(char *)dev_get_platdata(&pdev->dev));
	return 0;
}

static int other_remove(struct platform_device *pdev)
{
	return -EBUSY;
}

static struct platform_driver other = {
	.probe = other_probe,
	.remove = other_remove,
	.driver = { .name = "other-driver" },
	.id_table = ids,
};

static struct platform_driver nobody = { .driver = { .name = "nobody" } };
static struct platform_driver twin = { .driver = { .name = "kloom-thing" } };

static int __init start(void)
{
	int ret = platform_driver_register(&driver);

	if (ret)
		return ret;
	ret = platform_driver_register(&other);
	pr_info("twin: %d, for nobody: %d\n", platform_driver_register(&twin),
		platform_driver_probe(&nobody, other_probe));
	return ret;
}

static void __exit finish(void)
{
	platform_driver_unregister(&other);
	platform_driver_unregister(&driver);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
