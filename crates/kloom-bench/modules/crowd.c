/* `n` threads that are alive at once, each asleep in its function. Says when they all are. */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static ulong n = 1000;
module_param(n, ulong, 0444);

static ulong alive;
static DECLARE_COMPLETION(all);

static int sleeper(void *data)
{
	if (++alive == n)
		complete(&all);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int __init crowd_init(void)
{
	ulong i;

	for (i = 0; i < n; i++) {
		struct task_struct *t = kthread_run(sleeper, NULL, "sleeper");

		if (IS_ERR(t)) {
			pr_err("no more than %lu threads: %ld\n", i, PTR_ERR(t));
			return PTR_ERR(t);
		}
	}
	wait_for_completion(&all);
	pr_info("%lu alive\n", alive);
	return 0;
}

module_init(crowd_init);
MODULE_LICENSE("GPL");
