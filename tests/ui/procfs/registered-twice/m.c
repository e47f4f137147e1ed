/* The same name twice in /proc: Linux warns and answers NULL */
#include <linux/module.h>
#include <linux/proc_fs.h>

static const struct proc_ops ops = { };

static int __init start(void)
{
	pr_info("first: %d\n", !!proc_create("twice", 0444, NULL, &ops));
	pr_info("second: %d\n", !!proc_create("twice", 0444, NULL, &ops)); //~ ERROR warn-on
	return 0;
}

static void __exit finish(void)
{
	remove_proc_entry("twice", NULL);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
