/* A function that Linux does not export any more: the module is refused as there */
#include <linux/module.h>
#include <linux/kallsyms.h>

static int __init start(void)
{
	pr_info("%lx\n", kallsyms_lookup_name("schedule"));
	return 0;
}
module_init(start);
MODULE_LICENSE("GPL");
