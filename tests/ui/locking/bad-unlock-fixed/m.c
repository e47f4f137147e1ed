/* Repaired: a mutex is unlocked by another task than the one that locked it */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/completion.h>
#include <linux/mutex.h>

static DECLARE_COMPLETION(started);

static struct task_struct *task;

static int work(void *unused)
{
	complete(&started);
	while (!kthread_should_stop())
		msleep(10);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "worker");
	if (IS_ERR(task))
		return PTR_ERR(task);
	wait_for_completion(&started);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
