/* Two threads on CPU 0 that do nothing but give it to each other, `n` times each. */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static ulong n = 1000;
module_param(n, ulong, 0444);

static DECLARE_COMPLETION(done);

static int giver(void *data)
{
	ulong i;

	for (i = 0; i < n; i++)
		schedule();
	complete(&done);
	return 0;
}

static int __init switch_init(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct task_struct *t = kthread_create(giver, NULL, "giver/%d", i);

		if (IS_ERR(t))
			return PTR_ERR(t);
		kthread_bind(t, 0);
		wake_up_process(t);
	}
	wait_for_completion(&done);
	wait_for_completion(&done);
	return 0;
}

static void __exit switch_exit(void)
{
}

module_init(switch_init);
module_exit(switch_exit);
MODULE_LICENSE("GPL");
