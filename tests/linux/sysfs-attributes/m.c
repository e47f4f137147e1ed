/* What a kobject's files give and take */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>

static struct kobject *dir;
static int value = 3;
static ssize_t value_show(struct kobject *k, struct kobj_attribute *a, char *buf)
{
	return sysfs_emit(buf, "%d\n", value);
}
static ssize_t value_store(struct kobject *k, struct kobj_attribute *a, const char *buf, size_t n)
{
	int ret = kstrtoint(buf, 0, &value);
	pr_info("store of %zu: %d\n", n, ret);
	return ret ?: n;
}
static ssize_t bad_show(struct kobject *k, struct kobj_attribute *a, char *buf)
{
	return -EIO;
}
static struct kobj_attribute value_attr = __ATTR(value, 0644, value_show, value_store);
static struct kobj_attribute bad_attr = __ATTR(bad, 0444, bad_show, NULL);
static struct attribute *attrs[] = { &value_attr.attr, &bad_attr.attr, NULL };
static const struct attribute_group group = { .attrs = attrs };
static const struct attribute_group named = { .name = "sub", .attrs = attrs };
static int __init start(void)
{
	dir = kobject_create_and_add("kloomkobj", kernel_kobj);
	pr_info("made %d name %s\n", !!dir, kobject_name(dir));
	pr_info("file %d\n", sysfs_create_file(dir, &value_attr.attr));
	sysfs_remove_file(dir, &value_attr.attr);
	pr_info("group %d named %d\n", sysfs_create_group(dir, &group), sysfs_create_group(dir, &named));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	kobject_put(dir);
}
module_exit(finish);
MODULE_LICENSE("GPL");
