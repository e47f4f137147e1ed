/* What arming and deleting timers give */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/timer.h>
#include <linux/jiffies.h>

static void fire(struct timer_list *t);
static DEFINE_TIMER(timer, fire);
static int fired, rearm;
static void fire(struct timer_list *t)
{
	fired++;
	pr_info("fired %d: in_softirq %d in_interrupt %d in_task %d\n", fired, !!in_softirq(), !!in_interrupt(), in_task());
	if (rearm)
		mod_timer(t, jiffies + 2);
}
static int __init start(void)
{
	unsigned long at = jiffies;
	pr_info("mod of idle %d\n", mod_timer(&timer, jiffies + 10));
	pr_info("pending %d\n", timer_pending(&timer));
	pr_info("mod of pending %d\n", mod_timer(&timer, jiffies + 20));
	pr_info("mod_pending %d\n", mod_timer_pending(&timer, jiffies + 20));
	pr_info("reduce %d\n", timer_reduce(&timer, jiffies + 5));
	pr_info("del %d\n", del_timer(&timer));
	pr_info("del again %d\n", del_timer(&timer));
	pr_info("del_sync %d\n", del_timer_sync(&timer));
	pr_info("mod_pending of idle %d\n", mod_timer_pending(&timer, jiffies + 20));
	timer.expires = jiffies + 3;
	add_timer(&timer);
	msleep(50);
	pr_info("after %d, pending %d\n", fired, timer_pending(&timer));
	rearm = 1;
	mod_timer(&timer, jiffies);
	msleep(50);
	pr_info("more than 2: %d\n", fired > 3);
	pr_info("del_sync of a running one %d\n", del_timer_sync(&timer));
	fired = 0;
	msleep(50);
	pr_info("stays %d\n", fired);
	pr_info("try %d\n", try_to_del_timer_sync(&timer));
	at = jiffies;
	msleep(1000);
	pr_info("msleep(1000) took 250 to 266: %d\n", jiffies - at >= 250 && jiffies - at <= 266);
	at = jiffies;
	msleep(1);
	pr_info("msleep(1) took %lu\n", jiffies - at);
	at = jiffies;
	msleep(0);
	pr_info("msleep(0) took %lu\n", jiffies - at);
	at = jiffies;
	ssleep(5);
	pr_info("ssleep(5) took 1250 to 1314: %d\n", jiffies - at >= 1250 && jiffies - at <= 1314);
	at = jiffies;
	schedule_timeout_uninterruptible(HZ);
	pr_info("schedule_timeout(HZ) took 250 to 266: %d\n", jiffies - at >= 250 && jiffies - at <= 266);
	at = jiffies;
	mdelay(100);
	pr_info("mdelay(100) took 24 to 26: %d\n", jiffies - at >= 24 && jiffies - at <= 26);
	pr_info("HZ %d jiffies of 10 ms %lu of 1 s %lu, ms of 1 %u\n", HZ, msecs_to_jiffies(10), msecs_to_jiffies(1000), jiffies_to_msecs(1));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
