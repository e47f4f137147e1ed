/* init never returns, although under full preemption it keeps nobody from running */
#include <linux/module.h>

static int ready;

static int __init start(void)
{
	while (!ready) //~ ERROR soft-lockup
		;
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
