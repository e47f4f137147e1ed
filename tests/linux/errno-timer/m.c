/* Timers asked from where they cannot answer */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/timer.h>
#include <linux/hrtimer.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/irq_work.h>

static void fire(struct timer_list *t);
static DEFINE_TIMER(timer, fire);
static struct hrtimer hr;
static int from_self = 99, from_hr = 99, dying;
static void fire(struct timer_list *t)
{
	from_self = try_to_del_timer_sync(t);
}
static enum hrtimer_restart hr_fire(struct hrtimer *t)
{
	from_hr = hrtimer_try_to_cancel(t);
	return HRTIMER_NORESTART;
}
static void tasklet(struct tasklet_struct *t)
{
	dying++;
}
static DECLARE_TASKLET(task, tasklet);
static int __init start(void)
{
	mod_timer(&timer, jiffies + 1);
	msleep(20);
	pr_info("try from itself %d\n", from_self);
	hrtimer_init(&hr, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	hr.function = hr_fire;
	hrtimer_start(&hr, ms_to_ktime(1), HRTIMER_MODE_REL);
	msleep(20);
	pr_info("try from itself %d\n", from_hr);
	pr_info("restart\n");
	hrtimer_start(&hr, ms_to_ktime(100), HRTIMER_MODE_REL);
	pr_info("try of queued %d of idle %d\n", hrtimer_try_to_cancel(&hr), hrtimer_try_to_cancel(&hr));
	hrtimer_start(&hr, ktime_set(-1, 0), HRTIMER_MODE_REL);
	msleep(8);
	pr_info("negative: active %d cancel %d\n", hrtimer_active(&hr), hrtimer_cancel(&hr));
	pr_info("reduce idle %d later %d sooner %d\n", timer_reduce(&timer, jiffies + 50), timer_reduce(&timer, jiffies + 90), timer_reduce(&timer, jiffies + 20));
	pr_info("del %d shut %d\n", del_timer_sync(&timer), del_timer_sync(&timer));
	tasklet_disable(&task);
	tasklet_schedule(&task);
	tasklet_schedule(&task);
	msleep(8);
	pr_info("disabled ran %d\n", dying);
	tasklet_enable(&task);
	msleep(8);
	pr_info("enabled ran %d\n", dying);
	tasklet_kill(&task);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
