/* The entry goes first: its removal waits for readers and closes what is still open, so the text can go then */
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
	remove_proc_entry("text", NULL);
	kfree(text);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
