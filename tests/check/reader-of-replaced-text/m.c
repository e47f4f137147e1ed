/* A reader of a proc file uses a buffer that a writer replaces */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static DEFINE_MUTEX(lock);
static char *text;

static int show(struct seq_file *m, void *unused)
{
	char *mine;

	mutex_lock(&lock);
	mine = text;
	mutex_unlock(&lock);
	seq_printf(m, "%c\n", READ_ONCE(*mine));
	return 0;
}

static ssize_t store(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char *fresh = kzalloc(16, GFP_KERNEL);

	if (!fresh)
		return -ENOMEM;
	mutex_lock(&lock);
	kfree(text);
	text = fresh;
	mutex_unlock(&lock);
	return count;
}

static int open(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

static const struct proc_ops ops = {
	.proc_open = open,
	.proc_read = seq_read,
	.proc_write = store,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static int __init start(void)
{
	text = kzalloc(16, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (!proc_create("text", 0666, NULL, &ops)) {
		kfree(text);
		return -ENOMEM;
	}
	return 0;
}

static void __exit finish(void)
{
	remove_proc_entry("text", NULL);
	kfree(text);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
