/* Classes and devices that are there already */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/fs.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kdev_t.h>

static struct class *class;
static ssize_t value_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sprintf(buf, "%s\n", dev_name(dev));
}
static ssize_t value_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t n)
{
	return -ERANGE;
}
static DEVICE_ATTR_RW(value);
static int __init start(void)
{
	struct class *again;
	struct device *dev, *two;

	class = class_create(THIS_MODULE, "kloomclass");
	pr_info("class %d\n", PTR_ERR_OR_ZERO(class));
	again = class_create(THIS_MODULE, "kloomclass");
	pr_info("same class %d\n", PTR_ERR_OR_ZERO(again));
	dev = device_create(class, NULL, MKDEV(0, 0), NULL, "kloomdev%d", 1);
	pr_info("device %d\n", PTR_ERR_OR_ZERO(dev));
	two = device_create(class, NULL, MKDEV(0, 0), NULL, "kloomdev%d", 1);
	pr_info("same device %d\n", PTR_ERR_OR_ZERO(two));
	pr_info("file %d\n", device_create_file(dev, &dev_attr_value));
	pr_info("same file %d\n", device_create_file(dev, &dev_attr_value));
	device_destroy(class, MKDEV(300, 7));
	pr_info("drvdata %d\n", dev_get_drvdata(dev) == NULL);
	dev_info(dev, "says\n");
	dev_err(NULL, "nobody says\n");
	two = device_create(class, dev, MKDEV(0, 0), (void *)7, "kloomchild");
	pr_info("child %d data %ld\n", PTR_ERR_OR_ZERO(two), (long)dev_get_drvdata(two));
	device_unregister(two);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	device_destroy(class, MKDEV(0, 0));
	class_destroy(class);
}
module_exit(finish);
MODULE_LICENSE("GPL");
