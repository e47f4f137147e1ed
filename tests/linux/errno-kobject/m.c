/* Objects, files and groups of sysfs that are there already, or not */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>
#include <linux/slab.h>
#include <linux/err.h>

static ssize_t show(struct kobject *k, struct kobj_attribute *a, char *buf)
{
	return sysfs_emit(buf, "x\n");
}
static struct kobj_attribute one = __ATTR(one, 0444, show, NULL), two = __ATTR(two, 0444, show, NULL);
static struct attribute *attrs[] = { &one.attr, &two.attr, NULL };
static const struct attribute_group group = { .attrs = attrs }, named = { .name = "sub", .attrs = attrs }, empty = { .name = "no" };
static const struct attribute *list[] = { &one.attr, &two.attr, NULL };
static struct kobject *dir;
static void release(struct kobject *k)
{
	pr_info("release %s\n", kobject_name(k));
	kfree(k);
}
static struct kobj_type type = { .release = release, .sysfs_ops = &kobj_sysfs_ops };
static struct kobject *make(void)
{
	return kzalloc(sizeof(struct kobject), GFP_KERNEL);
}
static int __init start(void)
{
	struct kobject *k;

	dir = kobject_create_and_add("kloomdir", kernel_kobj);
	pr_info("dir %d\n", !!dir);
	pr_info("same dir %d\n", !!kobject_create_and_add("kloomdir", kernel_kobj));
	pr_info("file %d\n", sysfs_create_file(dir, &one.attr));
	pr_info("same file %d\n", sysfs_create_file(dir, &one.attr));
	pr_info("group over it %d\n", sysfs_create_group(dir, &group));
	sysfs_remove_file(dir, &two.attr);
	pr_info("group %d\n", sysfs_create_group(dir, &named));
	pr_info("same group %d\n", sysfs_create_group(dir, &named));
	pr_info("merge %d\n", sysfs_merge_group(dir, &named));
	pr_info("empty group %d\n", sysfs_create_group(dir, &empty));
	pr_info("files %d\n", sysfs_create_files(dir, list));
	pr_info("link %d\n", sysfs_create_link(dir, kernel_kobj, "up"));
	pr_info("same link %d\n", sysfs_create_link(dir, kernel_kobj, "up"));
	sysfs_remove_link(dir, "nosuch");
	pr_info("chmod %d\n", sysfs_chmod_file(dir, &one.attr, 0644));
	pr_info("chmod of none %d\n", sysfs_chmod_file(dir, &two.attr, 0644));
	k = make();
	pr_info("init and add %d\n", kobject_init_and_add(k, &type, dir, "kid%d", 1));
	kobject_put(k);
	k = make();
	pr_info("dup %d\n", kobject_init_and_add(k, &type, dir, "sub"));
	kobject_put(k);
	k = make();
	kobject_init(k, &type);
	pr_info("no name %d\n", kobject_add(k, dir, ""));
	kobject_put(k);
	k = make();
	pr_info("uninitialised %d\n", kobject_add(k, dir, "early"));
	kfree(k);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	sysfs_remove_group(dir, &named);
	sysfs_remove_group(dir, &named);
	kobject_put(dir);
}
module_exit(finish);
MODULE_LICENSE("GPL");
