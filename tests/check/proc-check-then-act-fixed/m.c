/* A reader takes the message and leaves nothing in one step */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/atomic.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *message;

static int show(struct seq_file *m, void *unused)
{
	char *mine = xchg(&message, NULL);

	if (!mine)
		return 0;
	seq_printf(m, "%s\n", mine);
	kfree(mine);
	return 0;
}

static int __init start(void)
{
	message = kstrdup("read me once", GFP_KERNEL);
	if (!message)
		return -ENOMEM;
	if (!proc_create_single("once", 0444, NULL, show)) {
		kfree(message);
		return -ENOMEM;
	}
	return 0;
}

static void __exit finish(void)
{
	remove_proc_entry("once", NULL);
	kfree(message);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
