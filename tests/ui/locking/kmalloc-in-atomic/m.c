/* kmalloc(GFP_KERNEL) with interrupts off */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);

static int __init start(void)
{
	unsigned long flags;
	void *block;

	spin_lock_irqsave(&lock, flags);
	block = kmalloc(100, GFP_KERNEL); //~ ERROR sleep-in-atomic
	spin_unlock_irqrestore(&lock, flags);
	kfree(block);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
