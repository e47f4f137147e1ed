/* The order in which a platform driver is bound, fails and is let go */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/platform_device.h>
#include <linux/mod_devicetable.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/slab.h>

static void released(struct device *dev)
{
	pr_info("release of %s\n", dev_name(dev));
}
static void action(void *data)
{
	pr_info("action %s\n", (const char *)data);
}
static int probe(struct platform_device *pdev)
{
	void *p;

	dev_info(&pdev->dev, "probe id %d data %d\n", pdev->id, dev_get_platdata(&pdev->dev) != NULL);
	if (pdev->id == 1)
		return -EIO;
	if (pdev->id == 2)
		return -ENODEV;
	p = devm_kzalloc(&pdev->dev, 10, GFP_KERNEL);
	devm_add_action(&pdev->dev, action, "first");
	devm_add_action_or_reset(&pdev->dev, action, "second");
	platform_set_drvdata(pdev, p);
	pr_info("irq %d resource %d\n", platform_get_irq_optional(pdev, 0), platform_get_resource(pdev, IORESOURCE_MEM, 0) != NULL);
	pr_info("irq %d\n", platform_get_irq(pdev, 1));
	return pdev->id == 3 ? -ENOMEM : 0;
}
static int remove(struct platform_device *pdev)
{
	dev_info(&pdev->dev, "remove, data %d\n", platform_get_drvdata(pdev) != NULL);
	return 0;
}
static void shutdown(struct platform_device *pdev)
{
}
static const struct platform_device_id ids[] = { { "kloom-other", 7 }, { } };
static struct platform_driver driver = {
	.probe = probe, .remove = remove, .shutdown = shutdown,
	.driver = { .name = "kloom-plat" }, .id_table = NULL,
};
static struct platform_driver by_id = {
	.probe = probe, .remove = remove,
	.driver = { .name = "kloom-byid" }, .id_table = ids,
};
static struct platform_device own = { .name = "kloom-plat", .id = PLATFORM_DEVID_NONE, .dev = { .release = released } };
static struct platform_device twin = { .name = "kloom-plat", .id = PLATFORM_DEVID_NONE, .dev = { .release = released } };
static struct platform_device *dev[4], *other;
static int __init start(void)
{
	int i;

	pr_info("device %d\n", platform_device_register(&own));
	pr_info("driver %d\n", platform_driver_register(&driver));
	pr_info("driver again %d\n", platform_driver_register(&driver));
	for (i = 1; i < 4; i++) {
		dev[i] = platform_device_register_simple("kloom-plat", i, NULL, 0);
		pr_info("device %d: %d driver %d\n", i, PTR_ERR_OR_ZERO(dev[i]), dev[i]->dev.driver != NULL);
	}
	pr_info("by id %d\n", platform_driver_register(&by_id));
	other = platform_device_alloc("kloom-other", PLATFORM_DEVID_AUTO);
	pr_info("add data %d\n", platform_device_add_data(other, "x", 2));
	pr_info("add %d\n", platform_device_add(other));
	pr_info("id entry %d name %s\n", platform_get_device_id(other) == &ids[0], dev_name(&other->dev));
	return 0;
}
static void __exit finish(void)
{
	int i;

	platform_device_unregister(other);
	platform_driver_unregister(&by_id);
	for (i = 1; i < 4; i++)
		platform_device_unregister(dev[i]);
	platform_driver_unregister(&driver);
	platform_device_unregister(&own);
	pr_info("gone\n");
}
module_exit(finish);
module_init(start);
MODULE_LICENSE("GPL");
