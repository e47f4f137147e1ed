/* A thread waits for an event without looking for the stop request */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static int event;
static struct task_struct *task;

static int loop(void *unused)
{
	while (!kthread_should_stop())
		wait_event(queue, READ_ONCE(event));
	return 0;
}

static int __init start(void)
{
	task = kthread_run(loop, NULL, "loop");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
