/* An ioctl of the years before 2.6.36, which took the inode */
#include <linux/module.h>
#include <linux/fs.h>

static int ioctl(struct inode *inode, struct file *file, unsigned int cmd, unsigned long arg)
{
	printk(KERN_INFO "minor %d: command %u\n", iminor(inode), cmd);
	return cmd == 7 ? 5 : -ENOTTY;
}
static struct file_operations fops = { .owner = THIS_MODULE, .ioctl = ioctl };

int init_module(void)
{
	return register_chrdev(240, "old", &fops);
}

void cleanup_module(void)
{
	unregister_chrdev(240, "old");
}
MODULE_LICENSE("GPL");
