/* Two threads count in one variable without a lock */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>

static int hits;
static struct task_struct *tasks[2];

static int count(void *unused)
{
	int i;

	for (i = 0; i < 2; i++)
		hits++; //~ ERROR data-race
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
	int i;

	for (i = 0; i < 2; i++) {
		tasks[i] = kthread_run(count, NULL, "inc/%d", i);
		if (IS_ERR(tasks[i])) {
			if (i)
				kthread_stop(tasks[0]);
			return PTR_ERR(tasks[i]);
		}
	}
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
	pr_info("%d hits\n", hits);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
