/* Two devices, two drivers; the first waits for the second */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

struct thing { struct device dev; int number; };

static bool ready;

static int match(struct device *dev, struct device_driver *drv)
{
	return !strncmp(dev_name(dev), drv->name, strlen(drv->name));
}

static ssize_t version_show(struct bus_type *bus, char *buf)
{
	return sprintf(buf, "%s 1.0\n", bus->name);
}
static BUS_ATTR_RO(version);

static struct bus_type bus = { .name = "mine", .match = match };
static struct bus_type unknown = { .name = "unknown" };

static int first_probe(struct device *dev)
{
	pr_info("first asked about %s: %s\n", dev_name(dev), ready ? "now" : "later");
	return ready ? 0 : -EPROBE_DEFER;
}

static int second_probe(struct device *dev)
{
	pr_info("second takes %s\n", dev_name(dev));
	ready = true;
	return 0;
}

static int gone(struct device *dev)
{
	pr_info("%s leaves %s\n", dev_driver_string(dev), dev_name(dev));
	return 0;
}

static ssize_t debug_store(struct device_driver *drv, const char *buf, size_t count)
{
	pr_info("%s: %.*s\n", drv->name, (int)count - 1, buf);
	return count;
}
static DRIVER_ATTR_WO(debug);

static struct device_driver first = { .name = "first", .bus = &bus, .probe = first_probe, .remove = gone };
static struct device_driver second = { .name = "second", .bus = &bus, .probe = second_probe, .remove = gone };
static struct device_driver lost = { .name = "lost", .bus = &unknown };

static void release(struct device *dev)
{
	pr_info("release %s\n", dev_name(dev));
	kfree(container_of(dev, struct thing, dev));
}

static struct thing *things[2];

static int show(struct device *dev, void *data)
{
	pr_info("%s: %s\n", (char *)data, dev_name(dev));
	return 0;
}

static struct thing *add(const char *name, int number)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	if (!thing)
		return NULL;
	thing->number = number;
	thing->dev.bus = &bus;
	thing->dev.release = release;
	dev_set_name(&thing->dev, "%s%d", name, number);
	if (device_register(&thing->dev)) {
		put_device(&thing->dev);
		return NULL;
	}
	return thing;
}

static int __init start(void)
{
	int ret = bus_register(&bus);

	if (ret)
		return ret;
	pr_info("again: %d, lost: %d\n", bus_register(&bus), driver_register(&lost));
	ret = bus_create_file(&bus, &bus_attr_version);
	ret = driver_register(&first);
	things[0] = add("first", 0);
	things[1] = add("second", 1);
	ret = driver_register(&second);
	ret = driver_create_file(&second, &driver_attr_debug);
	bus_for_each_dev(&bus, NULL, "all", show);
	return ret;
}

static void __exit finish(void)
{
	device_unregister(&things[0]->dev);
	driver_remove_file(&second, &driver_attr_debug);
	driver_unregister(&second);
	driver_unregister(&first);
	device_unregister(&things[1]->dev);
	bus_remove_file(&bus, &bus_attr_version);
	bus_unregister(&bus);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
