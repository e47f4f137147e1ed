/* A bit is used as a lock and given back by an operation that orders nothing */
#include <linux/module.h>
#include <linux/bitops.h>
#include <linux/kthread.h>
#include <linux/sched.h>

static unsigned long word;
static int total;
static struct task_struct *tasks[2];

static int count(void *unused)
{
	while (test_and_set_bit(0, &word))
		cpu_relax();
	total++;
	clear_bit(0, &word);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(20 * HZ);
	return 0;
}

static int __init start(void)
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

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
