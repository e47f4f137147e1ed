/* Each writer of a /proc file has a buffer of its own */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>

static ssize_t store(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	char text[16];
	int value;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	text[size] = '\0';
	if (kstrtoint(text, 0, &value))
		return -EINVAL;
	pr_info("%d\n", value);
	return size;
}
static const struct proc_ops operations = { .proc_write = store };

static int __init start(void)
{
	return proc_create("value", 0666, NULL, &operations) ? 0 : -ENOMEM;
}

static void __exit finish(void)
{
	remove_proc_entry("value", NULL);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
