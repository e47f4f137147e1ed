/* Making, doubling and removing /proc entries wrongly */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static int show(struct seq_file *m, void *v)
{
	seq_puts(m, "here\n");
	return 0;
}
static int __init start(void)
{
	struct proc_dir_entry *dir = proc_mkdir("kloomdir", NULL);
	pr_info("dir %d\n", !!dir);
	pr_info("entry %d\n", !!proc_create_single("one", 0, dir, show));
	pr_info("again %d\n", !!proc_create_single("one", 0, dir, show));
	pr_info("slash %d\n", !!proc_create_single("kloomdir/two", 0, NULL, show));
	pr_info("no parent %d\n", !!proc_create_single("nosuch/two", 0, NULL, show));
	pr_info("empty %d\n", !!proc_create_single("", 0, NULL, show));
	remove_proc_entry("gone", dir);
	remove_proc_entry("one", dir);
	pr_info("removing a full directory\n");
	remove_proc_entry("kloomdir", NULL);
	proc_remove(NULL);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
