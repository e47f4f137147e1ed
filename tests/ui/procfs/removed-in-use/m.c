/* An entry is removed while a reader sleeps in its read function, and while another one has it open */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/proc_fs.h>

static int slow_open(struct inode *inode, struct file *file)
{
	pr_info("open\n");
	return 0;
}

static ssize_t slow_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	msleep(2000);
	pr_info("read is over\n");
	return 0;
}

static int slow_release(struct inode *inode, struct file *file)
{
	pr_info("release\n");
	return 0;
}

static const struct proc_ops ops = {
	.proc_open = slow_open,
	.proc_read = slow_read,
	.proc_release = slow_release,
};

static int __init start(void)
{
	return proc_create("slow", 0444, NULL, &ops) ? 0 : -ENOMEM;
}
module_init(start);

static void __exit finish(void)
{
	remove_proc_entry("slow", NULL);
	pr_info("removed\n");
}
module_exit(finish);
MODULE_LICENSE("GPL");
