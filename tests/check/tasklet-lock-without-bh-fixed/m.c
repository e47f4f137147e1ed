/* The task keeps softirqs off while it holds the lock */
#include <linux/module.h>
#include <linux/interrupt.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);
static int total;

static void add(struct tasklet_struct *unused)
{
	spin_lock(&lock);
	total++;
	spin_unlock(&lock);
}
static DECLARE_TASKLET(adder, add);

static int __init start(void)
{
	tasklet_schedule(&adder);
	spin_lock_bh(&lock);
	total += 5;
	spin_unlock_bh(&lock);
	return 0;
}

static void __exit finish(void)
{
	tasklet_kill(&adder);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
