/* Two readers of a /proc file find the same message and both free it */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/atomic.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *message;

static int show(struct seq_file *m, void *unused)
{
	char *mine = READ_ONCE(message);

	if (!mine)
		return 0;
	WRITE_ONCE(message, NULL);
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
