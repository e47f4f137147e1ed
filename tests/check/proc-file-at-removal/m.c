/* The text goes before the entry: a reader may still come */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *text;

static int show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%s\n", text);
	return 0;
}

static int __init start(void)
{
	text = kstrdup("hello", GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (!proc_create_single("text", 0444, NULL, show)) {
		kfree(text);
		return -ENOMEM;
	}
	return 0;
}

static void __exit finish(void)
{
	kfree(text);
	remove_proc_entry("text", NULL);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
