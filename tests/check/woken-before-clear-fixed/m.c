/* Whoever waits for a bit is woken when it is clear, and sees what was done before */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

static unsigned long flags;
static int answer;
static struct task_struct *task;

static int worker(void *unused)
{
	answer = 42;
	clear_bit_unlock(0, &flags);
	smp_mb__after_atomic();
	wake_up_bit(&flags, 0);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(200 * HZ);
	return 0;
}

static int __init start(void)
{
	set_bit(0, &flags);
	task = kthread_run(worker, NULL, "worker");
	if (IS_ERR(task))
		return PTR_ERR(task);
	wait_on_bit(&flags, 0, TASK_UNINTERRUPTIBLE);
	pr_info("%d\n", answer);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
