/* A flag is published without a barrier between the data and the flag */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>

static int ready;
static int value;
static struct task_struct *reader;

static int look(void *unused)
{
	while (!READ_ONCE(ready) && !kthread_should_stop())
		cond_resched();
	pr_info("value %d\n", value);
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static int __init start(void)
{
	reader = kthread_run(look, NULL, "look");
	if (IS_ERR(reader))
		return PTR_ERR(reader);
	value = 42;
	WRITE_ONCE(ready, 1);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(reader);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
