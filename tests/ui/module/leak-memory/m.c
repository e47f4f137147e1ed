/* Memory of the init function is never freed */
#include <linux/module.h>
#include <linux/slab.h>

static char *names[3];

static int __init start(void)
{
	int i;

	for (i = 0; i < 3; i++)
		names[i] = kasprintf(GFP_KERNEL, "name %d", i); //~ WARNING leak-memory
	pr_info("%s\n", names[2]);
	return 0;
}

static void __exit finish(void)
{
	kfree(names[0]);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
