/* single_open() without single_release(): every open leaks */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static int show(struct seq_file *m, void *unused)
{
	seq_puts(m, "here\n");
	return 0;
}

static int open(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

static const struct proc_ops ops = {
	.proc_open = open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
};

static int __init start(void)
{
	return proc_create("here", 0444, NULL, &ops) ? 0 : -ENOMEM;
}
module_init(start);

static void __exit finish(void)
{
	remove_proc_entry("here", NULL);
}
module_exit(finish);
MODULE_LICENSE("GPL");
