/* A thread is started before the completion that it waits for is initialised */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/completion.h>

static struct completion begin;
static struct task_struct *task;

static int work(void *unused)
{
	wait_for_completion(&begin);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "work");
	if (IS_ERR(task))
		return PTR_ERR(task);
	init_completion(&begin);
	complete(&begin);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
