/* Two threads add to a list without a lock */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/list.h>

struct item {
	struct list_head list;
};
static LIST_HEAD(items);
static struct item some[2];
static struct task_struct *tasks[2];

static int add(void *arg)
{
	struct item *item = arg;

	list_add(&item->list, &items);
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
	tasks[0] = kthread_run(add, &some[0], "add/0");
	tasks[1] = kthread_run(add, &some[1], "add/1");
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
