/*
 * `n` threads, one after the other: created, run, gone, stopped.
 * returns=1: the function returns at once, and kthread_stop() collects its result through a reference.
 * returns=0: the function waits until it is asked to stop.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

static ulong n = 1000;
module_param(n, ulong, 0444);
static int returns = 1;
module_param(returns, int, 0444);

static ulong ran;
static DECLARE_COMPLETION(started);

static int brief(void *data)
{
	ran++;
	return 7;
}

static int patient(void *data)
{
	ran++;
	complete(&started);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 7;
}

static int __init create_init(void)
{
	ulong i, sum = 0;

	for (i = 0; i < n; i++) {
		struct task_struct *t = kthread_create(returns ? brief : patient, NULL, "bench");

		if (IS_ERR(t))
			return PTR_ERR(t);
		kthread_bind(t, raw_smp_processor_id());
		if (returns)
			get_task_struct(t);
		wake_up_process(t);
		if (returns)
			schedule();
		else
			wait_for_completion(&started);
		sum += kthread_stop(t);
		if (returns)
			put_task_struct(t);
	}
	if (sum != 7 * n || ran != n) {
		pr_err("%lu of %lu ran, results add up to %lu\n", ran, n, sum);
		return -EINVAL;
	}
	return 0;
}

static void __exit create_exit(void)
{
}

module_init(create_init);
module_exit(create_exit);
MODULE_LICENSE("GPL");
