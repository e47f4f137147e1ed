/* A name that does not fit its local buffer */
#include <linux/module.h>

static int limit = 8;

static noinline void fill(int id)
{
	char name[8];

	sprintf(name, "worker-number-%d", id);
	pr_info("%s\n", name);
} //~ ERROR stack-smashed

static int __init start(void)
{
	fill(limit);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
