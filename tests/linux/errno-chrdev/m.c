/* Character device numbers that cannot be had */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/fs.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/err.h>

static int dev_open(struct inode *inode, struct file *file)
{
	return iminor(inode) == 1 ? -EBUSY : 0;
}
static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return -ENOTTY;
}
static const struct file_operations fops = { .owner = THIS_MODULE, .open = dev_open, .unlocked_ioctl = dev_ioctl };
static struct cdev cdev, other;
static int major;
static int __init start(void)
{
	dev_t dev, more;

	major = register_chrdev(0, "kloomchr", &fops);
	pr_info("dynamic %d\n", major > 0);
	pr_info("same major %d\n", register_chrdev(major, "kloomagain", &fops));
	pr_info("major 512 %d\n", register_chrdev(512, "kloombig", &fops));
	pr_info("major 100000 %d\n", register_chrdev(100000, "kloombig", &fops));
	pr_info("region overlap %d\n", register_chrdev_region(MKDEV(major, 255), 2, "kloomover"));
	pr_info("region 0 of 300 %d\n", register_chrdev_region(MKDEV(300, 0), 4, "kloomreg"));
	pr_info("region inside %d\n", register_chrdev_region(MKDEV(300, 2), 1, "kloomin"));
	pr_info("region after %d\n", register_chrdev_region(MKDEV(300, 4), 1, "kloomnext"));
	unregister_chrdev_region(MKDEV(300, 0), 4);
	unregister_chrdev_region(MKDEV(300, 4), 1);
	pr_info("too many minors %d\n", alloc_chrdev_region(&dev, 0, MINORMASK + 2, "kloommany"));
	pr_info("first minor and count %d\n", alloc_chrdev_region(&dev, MINORMASK, 2, "kloommany"));
	pr_info("alloc %d\n", alloc_chrdev_region(&dev, 5, 2, "kloomalloc"));
	pr_info("minor %u\n", MINOR(dev));
	pr_info("another %d\n", alloc_chrdev_region(&more, 0, 1, "kloomalloc"));
	pr_info("major differs %d\n", MAJOR(more) != MAJOR(dev));
	cdev_init(&cdev, &fops);
	cdev_init(&other, &fops);
	pr_info("add %d\n", cdev_add(&cdev, dev, 2));
	pr_info("add over it %d\n", cdev_add(&other, dev, 1));
	cdev_del(&other);
	cdev_del(&cdev);
	unregister_chrdev_region(dev, 2);
	unregister_chrdev_region(more, 1);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	unregister_chrdev(major, "kloomchr");
}
module_exit(finish);
MODULE_LICENSE("GPL");
