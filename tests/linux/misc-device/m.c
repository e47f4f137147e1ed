/* What programs get from a misc device */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/miscdevice.h>
#include <linux/fs.h>
#include <linux/uaccess.h>

static int opened;
static int dev_open(struct inode *inode, struct file *file)
{
	pr_info("open %d by %s\n", ++opened, current->comm);
	return 0;
}
static int dev_release(struct inode *inode, struct file *file)
{
	pr_info("release\n");
	return 0;
}
static ssize_t dev_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	static const char text[] = "hello from the device\n";
	return simple_read_from_buffer(to, size, pos, text, strlen(text));
}
static ssize_t dev_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	char first;
	if (size > 10)
		return -ENOSPC;
	if (get_user(first, from))
		return -EFAULT;
	pr_info("write %zu '%c'\n", size, first);
	return first == 'h' ? min_t(size_t, size, 2) : first == 'n' ? -EPERM : size;
}
static const struct file_operations fops = {
	.owner = THIS_MODULE, .open = dev_open, .release = dev_release, .read = dev_read, .write = dev_write,
};
static struct miscdevice dev = { .minor = MISC_DYNAMIC_MINOR, .name = "kloomdev", .fops = &fops, .mode = 0640 };
static struct miscdevice same = { .minor = 240, .name = "kloomsame", .fops = &fops };
static int __init start(void)
{
	pr_info("register %d\n", misc_register(&dev));
	same.minor = dev.minor;
	pr_info("same minor %d\n", misc_register(&same));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	misc_deregister(&dev);
}
module_exit(finish);
MODULE_LICENSE("GPL");
