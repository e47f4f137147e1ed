/* Recursion without end */
#include <linux/module.h>

static noinline int depth(int n)
{ //~ ERROR kernel-stack-overflow
	volatile char room[256];

	room[n % 256] = n;
	return depth(n + 1) + room[(n + 1) % 256];
}

static int __init start(void)
{
	return depth(1) < 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
