/*
 * `n` round trips between two threads. by=0: wake_up_process() and schedule(); by=1: completions.
 * cpus=1: both on CPU 0; cpus=2: one on CPU 0, one on CPU 1.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static ulong n = 1000;
module_param(n, ulong, 0444);
static int by;
module_param(by, int, 0444);
static int cpus = 1;
module_param(cpus, int, 0444);

static struct task_struct *player[2];
static struct completion ball[2];
static int turn;
static DECLARE_COMPLETION(done);

static int by_wakeup(void *data)
{
	long me = (long)data;
	ulong i;

	for (i = 0; i < n; i++) {
		for (;;) {
			set_current_state(TASK_INTERRUPTIBLE);
			if (READ_ONCE(turn) == me)
				break;
			schedule();
		}
		__set_current_state(TASK_RUNNING);
		WRITE_ONCE(turn, !me);
		wake_up_process(player[!me]);
	}
	complete(&done);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int by_completion(void *data)
{
	long me = (long)data;
	ulong i;

	for (i = 0; i < n; i++) {
		wait_for_completion(&ball[me]);
		complete(&ball[!me]);
	}
	complete(&done);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int __init wakeup_init(void)
{
	long i;

	for (i = 0; i < 2; i++) {
		init_completion(&ball[i]);
		player[i] = kthread_create(by ? by_completion : by_wakeup, (void *)i, "player/%ld", i);
		if (IS_ERR(player[i]))
			return PTR_ERR(player[i]);
		kthread_bind(player[i], cpus == 2 ? i : 0);
	}
	complete(&ball[0]);
	for (i = 0; i < 2; i++)
		wake_up_process(player[i]);
	wait_for_completion(&done);
	wait_for_completion(&done);
	for (i = 0; i < 2; i++)
		kthread_stop(player[i]);
	return 0;
}

static void __exit wakeup_exit(void)
{
}

module_init(wakeup_init);
module_exit(wakeup_exit);
MODULE_LICENSE("GPL");
