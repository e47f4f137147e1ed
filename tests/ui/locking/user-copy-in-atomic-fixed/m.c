/* Repaired: copy_from_user() with a spinlock held */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

static DEFINE_SPINLOCK(lock);
static char value;

static ssize_t set(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	char c;

	if (copy_from_user(&c, from, 1))
		return -EFAULT;
	spin_lock(&lock);
	value = c;
	spin_unlock(&lock);
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
