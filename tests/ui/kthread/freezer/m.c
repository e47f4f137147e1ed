/* One thread that freezes, one that waits in a freezable way, one that is not freezable */
#include <linux/delay.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/wait.h>

static struct task_struct *threads[3];
static DECLARE_WAIT_QUEUE_HEAD(queue);
static bool ready;

static int polite(void *data)
{
	set_freezable();
	while (!kthread_should_stop()) {
		if (try_to_freeze())
			pr_info("polite was frozen\n");
		msleep_interruptible(20);
	}
	return 0;
}

static int waiting(void *data)
{
	bool was_frozen;

	set_freezable();
	wait_event_freezable(queue, ready);
	pr_info("ready\n");
	while (!kthread_freezable_should_stop(&was_frozen)) {
		if (was_frozen)
			pr_info("waiting was frozen\n");
		schedule_timeout_interruptible(HZ / 50);
	}
	return 0;
}

static int ordinary(void *data)
{
	while (!kthread_should_stop()) {
		WARN_ON(freezing(current) || frozen(current) || try_to_freeze());
		msleep(20);
	}
	return 0;
}

static int __init start(void)
{
	threads[0] = kthread_run(polite, NULL, "polite");
	threads[1] = kthread_run(waiting, NULL, "waiting");
	threads[2] = kthread_run(ordinary, NULL, "ordinary");
	msleep(50);
	ready = true;
	wake_up(&queue);
	return 0;
}

static void __exit finish(void)
{
	int i;

	for (i = 0; i < 3; i++)
		kthread_stop(threads[i]);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
