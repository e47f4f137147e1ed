/* Repaired: a thread is still alive when its module goes */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static bool done;

static struct task_struct *task;

static int work(void *unused)
{
	wait_event(queue, READ_ONCE(done) || kthread_should_stop());
	while (!kthread_should_stop())
		msleep(10);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "worker");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
