/* Devices: one static, one allocated, one that no driver likes */
#include <linux/module.h>
#include <linux/platform_device.h>

static struct resource resources[] = {
	{ .start = 0x1000, .end = 0x1fff, .name = "registers", .flags = IORESOURCE_MEM },
	{ .start = 5, .end = 5, .flags = IORESOURCE_IRQ },
};

static void released(struct device *dev)
{
	pr_info("%s released\n", dev_name(dev));
}

static struct platform_device fixed = {
	.name = "kloom-thing",
	.id = -1,
	.num_resources = ARRAY_SIZE(resources),
	.resource = resources,
	.dev.release = released,
};

static struct platform_device *simple, *odd;

static int __init start(void)
{
	int ret = platform_device_register(&fixed);

	if (ret)
		return ret;
	simple = platform_device_register_simple("kloom-thing", 3, NULL, 0);
	odd = platform_device_alloc("kloom-other", PLATFORM_DEVID_AUTO);
	if (IS_ERR(simple) || !odd)
		return -ENOMEM;
	platform_device_add_data(odd, "hello", 6);
	pr_info("add: %d, again: %ld\n", platform_device_add(odd),
		PTR_ERR(platform_device_register_simple("kloom-thing", 3, NULL, 0)));
	return 0;
}

static void __exit finish(void)
{
	platform_device_unregister(odd);
	platform_device_unregister(simple);
	platform_device_unregister(&fixed);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
