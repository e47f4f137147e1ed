/* The same loop with schedule_timeout_interruptible() leaves the CPU alone */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>

static struct task_struct *task;

static int work(void *unused)
{
	unsigned long rounds = 0;

	while (!kthread_should_stop()) {
		rounds++;
		schedule_timeout_interruptible(HZ / 10);
	}
	return rounds > 10;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "busybee");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	pr_info("many rounds: %d\n", kthread_stop(task));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
