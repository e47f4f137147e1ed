/* Each is ended first */
#include <linux/module.h>
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/delay.h>
#include <linux/workqueue.h>

struct thing {
	struct timer_list timer;
	struct hrtimer hrtimer;
	struct work_struct work;
	wait_queue_head_t queue;
};
static struct task_struct *sleeper;
static bool woken;

static void tick(struct timer_list *unused)
{
	pr_info("tick\n");
}

static enum hrtimer_restart high_tick(struct hrtimer *unused)
{
	pr_info("high tick\n");
	return HRTIMER_NORESTART;
}

static void run(struct work_struct *unused)
{
	pr_info("runs\n");
}

static int wait_there(void *data)
{
	struct thing *thing = data;

	wait_event(thing->queue, READ_ONCE(woken));
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static struct thing *new_thing(void)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL | __GFP_NOFAIL);

	timer_setup(&thing->timer, tick, 0);
	hrtimer_init(&thing->hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	thing->hrtimer.function = high_tick;
	INIT_WORK(&thing->work, run);
	init_waitqueue_head(&thing->queue);
	return thing;
}

static int __init start(void)
{
	struct thing *armed = new_thing();
	struct thing *high = new_thing();
	struct thing *queued = new_thing();
	struct thing *waited = new_thing();

	mod_timer(&armed->timer, jiffies + HZ);
	del_timer_sync(&armed->timer);
	kfree(armed);
	hrtimer_start(&high->hrtimer, ms_to_ktime(500), HRTIMER_MODE_REL);
	hrtimer_cancel(&high->hrtimer);
	kfree(high);
	schedule_work(&queued->work);
	flush_work(&queued->work);
	kfree(queued);
	sleeper = kthread_run(wait_there, waited, "sleeper");
	if (IS_ERR(sleeper))
		return PTR_ERR(sleeper);
	msleep(10);
	WRITE_ONCE(woken, true);
	wake_up(&waited->queue);
	msleep(10);
	kfree(waited);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(sleeper);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
