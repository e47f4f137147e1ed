/* A device without .owner: the module goes while its file is open */
#include <linux/module.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/uaccess.h>

static ssize_t give(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	return simple_read_from_buffer(to, size, pos, "hello\n", 6);
}

static const struct file_operations ops = {
	.read = give,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "greeter",
	.fops = &ops,
};

static int __init start(void)
{
	return misc_register(&device);
}

static void __exit finish(void)
{
	misc_deregister(&device);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
