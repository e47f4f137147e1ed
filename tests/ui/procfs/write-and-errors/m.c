/* Entries that are written to, that have no operations, that are asked for too much */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>

static char text[16] = "first\n";
static size_t length = 6;

static ssize_t text_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return simple_read_from_buffer(buf, count, pos, text, length);
}

static ssize_t text_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	if (count > sizeof(text))
		return -ENOSPC;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	length = count;
	pr_info("%zu bytes at %lld, data %s\n", count, *pos, (char *)pde_data(file_inode(file)));
	return count;
}

static const struct proc_ops text_ops = {
	.proc_read = text_read,
	.proc_write = text_write,
	.proc_lseek = default_llseek,
};

static const struct proc_ops no_ops;

static struct proc_dir_entry *dir;

static int __init start(void)
{
	dir = proc_mkdir("texts", NULL);
	if (!dir)
		return -ENOMEM;
	proc_create_data("text", 0600, dir, &text_ops, "mine");
	proc_create("nothing", 0666, dir, &no_ops);
	proc_symlink("same", dir, "text");
	return 0;
}
module_init(start);

static void __exit finish(void)
{
	remove_proc_subtree("texts", NULL);
}
module_exit(finish);
MODULE_LICENSE("GPL");
