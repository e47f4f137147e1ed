/* A thread asleep without end in state D is reported by its own name */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static struct task_struct *task;
static DECLARE_COMPLETION(never);
static int work(void *data)
{
	wait_for_completion(&never);
	return 0;
}
static int __init start(void)
{
	task = kthread_run(work, NULL, "waiter");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	complete(&never);
	kthread_stop(task);
}
module_exit(finish);
MODULE_LICENSE("GPL");
