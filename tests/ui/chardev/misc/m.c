/* A misc device, files of debugfs and a kobject's attribute */
#include <linux/module.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/miscdevice.h>

static u32 number = 7;
static bool flag;
static u64 value = 5;

static ssize_t name_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct miscdevice *misc = file->private_data;
	char text[32];
	int length = scnprintf(text, sizeof(text), "%s %d\n", misc->name, misc->minor);

	return simple_read_from_buffer(buf, count, pos, text, length);
}

static const struct file_operations name_fops = { .owner = THIS_MODULE, .read = name_read };
static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "named", .fops = &name_fops, .mode = 0644 };

static int value_get(void *data, u64 *out)
{
	*out = value;
	return 0;
}

static int value_set(void *data, u64 in)
{
	value = in;
	return 0;
}
DEFINE_SIMPLE_ATTRIBUTE(value_fops, value_get, value_set, "%llu\n");

static ssize_t number_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", number);
}

static ssize_t number_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count)
{
	int ret = kstrtou32(buf, 0, &number);

	return ret ? ret : count;
}
static struct kobj_attribute number_attr = __ATTR_RW(number);

static struct dentry *dir;
static struct kobject *kobj;

static int __init start(void)
{
	int ret = misc_register(&misc);

	if (ret)
		return ret;
	kobj = kobject_create_and_add("kloom_test", kernel_kobj);
	if (!kobj) {
		misc_deregister(&misc);
		return -ENOMEM;
	}
	ret = sysfs_create_file(kobj, &number_attr.attr);
	if (ret) {
		kobject_put(kobj);
		misc_deregister(&misc);
		return ret;
	}
	dir = debugfs_create_dir("kloom_test", NULL);
	debugfs_create_u32("number", 0644, dir, &number);
	debugfs_create_bool("flag", 0644, dir, &flag);
	debugfs_create_file("value", 0644, dir, NULL, &value_fops);
	return 0;
}
module_init(start);

static void __exit finish(void)
{
	debugfs_remove_recursive(dir);
	kobject_put(kobj);
	misc_deregister(&misc);
	pr_info("flag %d value %llu\n", flag, value);
}
module_exit(finish);
MODULE_LICENSE("GPL");
