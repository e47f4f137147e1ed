/* A writer that a signal ends while it waits for the mutex gives back what it has not got */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>

static DEFINE_MUTEX(lock);

static ssize_t store(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	if (mutex_lock_interruptible(&lock))
		pr_info("interrupted\n");
	msleep(20);
	mutex_unlock(&lock);
	return size;
}
static const struct proc_ops operations = { .proc_write = store };

static int __init start(void)
{
	return proc_create("slow", 0666, NULL, &operations) ? 0 : -ENOMEM;
}

static void __exit finish(void)
{
	remove_proc_entry("slow", NULL);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
