/* hrtimer_cancel() in the exit function */
#include <linux/module.h>
#include <linux/hrtimer.h>

static struct hrtimer timer;

static enum hrtimer_restart tick(struct hrtimer *unused)
{
	pr_info("tick\n");
	hrtimer_forward_now(&timer, ms_to_ktime(700));
	return HRTIMER_RESTART;
}

static int __init start(void)
{
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer.function = tick;
	hrtimer_start(&timer, ms_to_ktime(700), HRTIMER_MODE_REL);
	return 0;
}

static void __exit finish(void)
{
	hrtimer_cancel(&timer);
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
