/* The kernel's own threads, as ps shows them */
#include <linux/module.h>
#include <linux/sched.h>

static int __init start(void)
{
	pr_info("%s\n", current->comm);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
