#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

static char word[8] = "word\n";

static ssize_t word_read(struct file *file, char __user *to, size_t len, loff_t *pos)
{
	if (*pos || len < 5)
		return 0;
	if (copy_to_user(to, word, 5))
		return -EFAULT;
	*pos = 5;
	return 5;
}

static ssize_t word_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	char fresh[8] = "none\n";
	unsigned long left = copy_from_user(fresh, from, 5);

	pr_info("%lu bytes left, first is %d\n", left, fresh[0]);
	return left ? -EFAULT : len;
}

static const struct file_operations word_fops = {
	.owner = THIS_MODULE,
	.read = word_read,
	.write = word_write,
};

static struct miscdevice word_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "word",
	.fops = &word_fops,
};

static int __init word_init(void)
{
	int err = misc_register(&word_device);

	pr_info("misc_register: %d\n", err);
	return err;
}

static void __exit word_exit(void)
{
	misc_deregister(&word_device);
}

module_init(word_init);
module_exit(word_exit);
MODULE_LICENSE("GPL");
