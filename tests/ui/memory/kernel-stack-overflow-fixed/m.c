/* Repaired: recursion without end */
#include <linux/module.h>

static noinline int depth(int n)
{
	volatile char room[256];

	if (n == 20)
		return 0;
	room[n % 256] = n;
	return depth(n + 1) + room[n % 256];
}

static int __init start(void)
{
	pr_info("%d\n", depth(1));
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
