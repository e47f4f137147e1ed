/* The function of an hrtimer allocates with GFP_KERNEL */
#include <linux/module.h>
#include <linux/hrtimer.h>
#include <linux/slab.h>

static struct hrtimer timer;

static enum hrtimer_restart tick(struct hrtimer *unused)
{
	kfree(kmalloc(16, GFP_KERNEL)); //~ ERROR sleep-in-atomic
	return HRTIMER_NORESTART;
}

static int __init start(void)
{
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer.function = tick;
	hrtimer_start(&timer, ms_to_ktime(5), HRTIMER_MODE_REL);
	return 0;
}

static void __exit finish(void)
{
	hrtimer_cancel(&timer);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
