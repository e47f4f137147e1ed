/* What is managed is released backwards when the driver goes */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/device.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/interrupt.h>
#include <linux/err.h>

static void say(void *data)
{
	pr_info("undo %ld\n", (long)data);
}
static void res_release(struct device *dev, void *res)
{
	pr_info("res %d\n", *(int *)res);
}
static int matches(struct device *dev, void *res, void *data)
{
	return *(int *)res == *(int *)data;
}
static irqreturn_t handle(int irq, void *dev)
{
	return IRQ_NONE;
}
static int probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	int *res, want = 5, no = 6;
	void *group;

	devm_add_action(dev, say, (void *)1L);
	res = devres_alloc(res_release, sizeof(*res), GFP_KERNEL);
	*res = 5;
	devres_add(dev, res);
	devm_add_action(dev, say, (void *)2L);
	pr_info("find %d none %d\n", devres_find(dev, res_release, matches, &want) == res, devres_find(dev, res_release, matches, &no) == NULL);
	pr_info("string '%s' '%s'\n", devm_kstrdup(dev, "text", GFP_KERNEL), devm_kasprintf(dev, GFP_KERNEL, "%d", 7));
	devm_add_action(dev, say, (void *)3L);
	devm_remove_action(dev, say, (void *)3L);
	group = devres_open_group(dev, NULL, GFP_KERNEL);
	devm_add_action(dev, say, (void *)4L);
	devm_add_action(dev, say, (void *)5L);
	devres_close_group(dev, group);
	pr_info("group %d\n", devres_release_group(dev, group));
	pr_info("irq %d\n", devm_request_irq(dev, 5, handle, 0, "kloom-devm", dev));
	pr_info("destroy none %d\n", devres_destroy(dev, res_release, matches, &no));
	devm_add_action(dev, say, (void *)6L);
	return 0;
}
static int remove(struct platform_device *pdev)
{
	pr_info("remove\n");
	return 0;
}
static struct platform_driver driver = { .probe = probe, .remove = remove, .driver = { .name = "kloom-devm" } };
static struct platform_device *pdev;
static int __init start(void)
{
	pdev = platform_create_bundle(&driver, probe, NULL, 0, NULL, 0);
	pr_info("bundle %d\n", PTR_ERR_OR_ZERO(pdev));
	pdev = platform_device_register_simple("kloom-devm", -1, NULL, 0);
	pr_info("driver %d\n", platform_driver_register(&driver));
	return 0;
}
static void __exit finish(void)
{
	platform_driver_unregister(&driver);
	pr_info("driver gone\n");
	platform_device_unregister(pdev);
}
module_exit(finish);
module_init(start);
MODULE_LICENSE("GPL");
