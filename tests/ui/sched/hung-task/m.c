/* A thread waits uninterruptibly for a completion that never comes */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/completion.h>

static DECLARE_COMPLETION(answer);

static struct task_struct *task;

static int work(void *unused)
{
	wait_for_completion(&answer); //~ ERROR hung-task
	while (!kthread_should_stop())
		msleep(100);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "worker");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	complete(&answer);
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
