/* A character device that gives back what was written to it; readers wait for the first text */
#include <linux/module.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

struct echo {
	struct cdev cdev;
	wait_queue_head_t wait;
	size_t length;
	char text[64];
};

static struct echo *echo;
static struct class *class;
static dev_t number;

static int echo_open(struct inode *inode, struct file *file)
{
	file->private_data = container_of(inode->i_cdev, struct echo, cdev);
	pr_info("open %d:%d\n", imajor(inode), iminor(inode));
	return 0;
}

static int echo_release(struct inode *inode, struct file *file)
{
	pr_info("release\n");
	return 0;
}

static ssize_t echo_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct echo *e = file->private_data;

	if (wait_event_interruptible(e->wait, e->length))
		return -ERESTARTSYS;
	return simple_read_from_buffer(buf, count, pos, e->text, e->length);
}

static ssize_t echo_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct echo *e = file->private_data;

	if (count > sizeof(e->text))
		return -EMSGSIZE;
	if (copy_from_user(e->text, buf, count))
		return -EFAULT;
	e->length = count;
	wake_up_interruptible(&e->wait);
	return count;
}

static const struct file_operations echo_fops = {
	.owner = THIS_MODULE,
	.open = echo_open,
	.release = echo_release,
	.read = echo_read,
	.write = echo_write,
};

static ssize_t length_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s %zu\n", dev_name(dev), echo->length);
}
static DEVICE_ATTR_RO(length);

static int __init start(void)
{
	struct device *dev;
	int ret = -ENOMEM;

	echo = kzalloc(sizeof(*echo), GFP_KERNEL);
	if (!echo)
		return ret;
	init_waitqueue_head(&echo->wait);
	ret = alloc_chrdev_region(&number, 0, 1, "echo");
	if (ret)
		goto no_number;
	cdev_init(&echo->cdev, &echo_fops);
	echo->cdev.owner = THIS_MODULE;
	ret = cdev_add(&echo->cdev, number, 1);
	if (ret)
		goto no_cdev;
	class = class_create(THIS_MODULE, "echo");
	if (IS_ERR(class)) {
		ret = PTR_ERR(class);
		goto no_class;
	}
	dev = device_create(class, NULL, number, NULL, "echo%d", MINOR(number));
	if (IS_ERR(dev)) {
		ret = PTR_ERR(dev);
		goto no_device;
	}
	ret = device_create_file(dev, &dev_attr_length);
	if (!ret)
		return 0;
	device_destroy(class, number);
no_device:
	class_destroy(class);
no_class:
	cdev_del(&echo->cdev);
no_cdev:
	unregister_chrdev_region(number, 1);
no_number:
	kfree(echo);
	return ret;
}
module_init(start);

static void __exit finish(void)
{
	device_destroy(class, number);
	class_destroy(class);
	cdev_del(&echo->cdev);
	unregister_chrdev_region(number, 1);
	kfree(echo);
}
module_exit(finish);
MODULE_LICENSE("GPL");
