/* Repaired: a structure that was never allocated is used by a thread */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/slab.h>

struct state {
	long id;
	int beats;
};

static struct state *state;

static struct task_struct *task;

static int work(void *unused)
{
	while (!kthread_should_stop()) {
		msleep(500);
		state->beats++;
	}
	return 0;
}

static int __init start(void)
{
	state = kzalloc(sizeof(*state), GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	task = kthread_run(work, NULL, "worker");
	if (IS_ERR(task))
		kfree(state);
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	kthread_stop(task);
	pr_info("%d beats\n", state->beats);
	kfree(state);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
