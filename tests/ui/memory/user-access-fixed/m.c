/* Repaired: a write function reads the user's buffer directly */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>

static ssize_t set(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	char c;

	if (get_user(c, from))
		return -EFAULT;
	if (c == '1')
		pr_info("on\n");
	return size;
}

static const struct proc_ops ops = {
	.proc_write = set,
};

static int __init start(void)
{
	return proc_create("setting", 0600, NULL, &ops) ? 0 : -ENOMEM;
}

static void __exit finish(void)
{
	remove_proc_entry("setting", NULL);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
