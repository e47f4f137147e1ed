/* Every second of virtual time: with say=1, one line; otherwise only the sleep. */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>

static int say = 1;
module_param(say, int, 0444);

static struct task_struct *task;

static int every_second(void *data)
{
	int index = 0;

	while (!kthread_should_stop()) {
		if (say)
			pr_info("Hello, World !; index %d\n", index);
		index++;
		msleep(1000);
	}
	return index;
}

static int __init second_init(void)
{
	task = kthread_run(every_second, NULL, "second");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit second_exit(void)
{
	pr_info("stopped after %d\n", kthread_stop(task));
}

module_init(second_init);
module_exit(second_exit);
MODULE_LICENSE("GPL");
