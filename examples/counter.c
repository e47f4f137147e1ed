/* Two threads count into one variable. `kloom run` sees nothing wrong; `kloom check` does. */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static struct task_struct *tasks[2];
static int hits;

static int count(void *data)
{
	hits++;
	while (!kthread_should_stop())
		msleep_interruptible(20000);
	return 0;
}

static int __init counter_init(void)
{
	tasks[0] = kthread_run(count, NULL, "count/0");
	if (IS_ERR(tasks[0]))
		return PTR_ERR(tasks[0]);
	tasks[1] = kthread_run(count, NULL, "count/1");
	if (IS_ERR(tasks[1])) {
		kthread_stop(tasks[0]);
		return PTR_ERR(tasks[1]);
	}
	return 0;
}

static void __exit counter_exit(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
	pr_info("%d hits\n", hits);
}

module_init(counter_init);
module_exit(counter_exit);
MODULE_LICENSE("GPL");
