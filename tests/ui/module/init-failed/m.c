/* The init function gives up after it has started something */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static int show(struct seq_file *m, void *unused)
{
	seq_puts(m, "here\n");
	return 0;
}

static int __init start(void)
{
	if (!proc_create_single("early", 0444, NULL, show)) //~ ERROR leak-proc-entry
		return -ENOMEM;
	return -ENODEV;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
