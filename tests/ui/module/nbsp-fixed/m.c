/* Repaired: source pasted from a web page, with non-breaking spaces */
#include <linux/module.h>

static int __init start(void)
{
	int answer = 42;

	pr_info("answer %d\n", answer);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
