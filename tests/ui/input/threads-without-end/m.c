/* kthread_create() fails with -EAGAIN when there are too many tasks */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#define MAX 2000

static struct task_struct *tasks[MAX];
static int count;

static int work(void *unused)
{
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
	for (count = 0; count < MAX; count++) {
		tasks[count] = kthread_run(work, NULL, "many/%d", count);
		if (IS_ERR(tasks[count])) {
			pr_info("error %ld\n", PTR_ERR(tasks[count]));
			break;
		}
	}
	pr_info("many: %d\n", count > 300 && count < 500);
	return 0;
}

static void __exit finish(void)
{
	while (count > 0)
		kthread_stop(tasks[--count]);
	pr_info("all stopped\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
