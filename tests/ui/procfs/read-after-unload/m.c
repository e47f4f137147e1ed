/* Reading a /proc entry whose module has gone */
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
	return proc_create_single("left", 0444, NULL, show) ? 0 : -ENOMEM; //~ ERROR leak-proc-entry
}

static void __exit finish(void)
{
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
