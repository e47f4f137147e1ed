/* Two ways to start a thread; stopping one gives its result */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>

static struct task_struct *first, *second;

static int count(void *data)
{
	long limit = (long)data, rounds = 0;

	pr_info("%s starts, pid %d\n", current->comm, current->pid);
	while (!kthread_should_stop() && rounds < limit) {
		msleep(100);
		rounds++;
	}
	while (!kthread_should_stop())
		msleep(100);
	return rounds;
}

static int __init start(void)
{
	first = kthread_create(count, (void *)3L, "first");
	if (IS_ERR(first))
		return PTR_ERR(first);
	pr_info("wake_up_process() gave %d\n", wake_up_process(first));
	pr_info("wake_up_process() gave %d\n", wake_up_process(first));
	second = kthread_run(count, (void *)1000L, "second/%d:%s", 4, "slow");
	if (IS_ERR(second)) {
		kthread_stop(first);
		return PTR_ERR(second);
	}
	return 0;
}

static void __exit finish(void)
{
	pr_info("first gave %d\n", kthread_stop(first));
	pr_info("second gave %d\n", kthread_stop(second));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
