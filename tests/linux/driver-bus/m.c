/* A bus of the module's own: matching, probing, listing */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/slab.h>

static int match(struct device *dev, struct device_driver *drv)
{
	pr_info("match %s %s\n", dev_name(dev), drv->name);
	return !strncmp(dev_name(dev), drv->name, 4);
}
static int bus_probe(struct device *dev)
{
	pr_info("bus probe %s\n", dev_name(dev));
	return dev->driver->probe ? dev->driver->probe(dev) : 0;
}
static void bus_remove(struct device *dev)
{
	pr_info("bus remove %s\n", dev_name(dev));
	if (dev->driver->remove)
		dev->driver->remove(dev);
}
static struct bus_type bus = { .name = "kloombus", .match = match, .probe = bus_probe, .remove = bus_remove };
static void released(struct device *dev)
{
	pr_info("release %s\n", dev_name(dev));
	kfree(dev);
}
static int probe(struct device *dev)
{
	pr_info("probe %s\n", dev_name(dev));
	return !strcmp(dev_name(dev), "abcd2") ? -ENXIO : 0;
}
static int remove(struct device *dev)
{
	pr_info("remove %s\n", dev_name(dev));
	return 0;
}
static struct device_driver drv = { .name = "abcd", .bus = &bus, .probe = probe, .remove = remove };
static struct device *make(const char *name)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	dev->bus = &bus;
	dev->release = released;
	dev_set_name(dev, "%s", name);
	pr_info("register %s: %d\n", name, device_register(dev));
	return dev;
}
static int each(struct device *dev, void *data)
{
	pr_info("each %s\n", dev_name(dev));
	return strcmp(dev_name(dev), "abcd2") ? 0 : -EXDEV;
}
static ssize_t tell_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", dev_name(dev));
}
static DEVICE_ATTR_RO(tell);
static struct device *d[3], *dup;
static int __init start(void)
{
	struct device *nameless, *found;

	pr_info("bus %d\n", bus_register(&bus));
	d[0] = make("abcd1");
	pr_info("driver %d\n", driver_register(&drv));
	pr_info("again %d\n", driver_register(&drv));
	d[1] = make("abcd2");
	d[2] = make("other");
	dup = make("other");
	put_device(dup);
	nameless = kzalloc(sizeof(*nameless), GFP_KERNEL);
	nameless->release = released;
	pr_info("no name %d\n", device_register(nameless));
	put_device(nameless);
	pr_info("for each %d\n", bus_for_each_dev(&bus, NULL, NULL, each));
	pr_info("drivers' devices %d\n", driver_for_each_device(&drv, NULL, NULL, each));
	found = bus_find_device_by_name(&bus, NULL, "other");
	pr_info("found %d none %d\n", found == d[2], bus_find_device_by_name(&bus, NULL, "nosuch") == NULL);
	put_device(found);
	pr_info("driver %d none %d\n", driver_find("abcd", &bus) == &drv, driver_find("x", &bus) == NULL);
	pr_info("file %d\n", device_create_file(d[0], &dev_attr_tell));
	return 0;
}
static void __exit finish(void)
{
	device_unregister(d[2]);
	device_unregister(d[1]);
	driver_unregister(&drv);
	device_unregister(d[0]);
	bus_unregister(&bus);
	pr_info("gone\n");
}
module_exit(finish);
module_init(start);
MODULE_LICENSE("GPL");
