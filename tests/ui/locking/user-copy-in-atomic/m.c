/* copy_from_user() with a spinlock held */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

static DEFINE_SPINLOCK(lock);
static char value;

static ssize_t set(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	size_t left;

	spin_lock(&lock);
	left = copy_from_user(&value, from, 1); //~ ERROR user-copy-in-atomic
	spin_unlock(&lock);
	if (left)
		return -EFAULT;
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
