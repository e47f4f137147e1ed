/* Repaired: kfree() of a pointer into the middle of a block */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *text;

static int __init start(void)
{
	const char *start;

	text = kstrdup("  hello", GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	for (start = text; *start == ' '; start++)
		;
	pr_info("%s\n", start);
	return 0;
}

static void __exit finish(void)
{
	kfree(text);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
