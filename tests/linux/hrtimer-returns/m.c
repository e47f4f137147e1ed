/* What starting, forwarding and cancelling high-resolution timers gives */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>

static struct hrtimer t;
static int fired;
static u64 overruns;
static enum hrtimer_restart fire(struct hrtimer *timer)
{
	fired++;
	if (fired == 1)
		pr_info("first: in_irq %d in_task %d irqs off %d\n", !!in_irq(), in_task(), irqs_disabled());
	overruns += hrtimer_forward_now(timer, ms_to_ktime(2));
	return fired < 5 ? HRTIMER_RESTART : HRTIMER_NORESTART;
}
static int __init start(void)
{
	hrtimer_init(&t, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	t.function = fire;
	pr_info("active %d cancel %d try %d\n", hrtimer_active(&t), hrtimer_cancel(&t), hrtimer_try_to_cancel(&t));
	hrtimer_start(&t, ms_to_ktime(50), HRTIMER_MODE_REL);
	pr_info("active %d queued %d remaining above 0 %d\n", hrtimer_active(&t), hrtimer_is_queued(&t),
		ktime_to_ns(hrtimer_get_remaining(&t)) > 0);
	pr_info("cancel %d again %d\n", hrtimer_cancel(&t), hrtimer_cancel(&t));
	hrtimer_start(&t, ms_to_ktime(2), HRTIMER_MODE_REL);
	msleep(60);
	pr_info("fired %d active %d overruns at least 5 %d\n", fired, hrtimer_active(&t), overruns >= 5);
	pr_info("forward of the future %llu\n", hrtimer_forward(&t, ktime_sub_ns(hrtimer_get_expires(&t), 5), ms_to_ktime(1)));
	pr_info("forward of 10 ms %llu\n", hrtimer_forward(&t, ktime_add_ms(hrtimer_get_expires(&t), 10), ms_to_ktime(1)));
	pr_info("ktime %lld %lld %d\n", ktime_to_ms(ktime_set(1, 500000000)), ktime_to_us(ns_to_ktime(12345)), ktime_compare(1, 2));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	hrtimer_cancel(&t);
}
module_exit(finish);
MODULE_LICENSE("GPL");
