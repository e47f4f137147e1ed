/* Repaired: an early return leaves preemption disabled */
#include <linux/module.h>
#include <linux/preempt.h>

static int ready;

static int __init start(void)
{
	preempt_disable();
	if (!ready) {
		preempt_enable();
		return 0;
	}
	preempt_enable();
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
