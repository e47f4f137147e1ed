/* A mutex is unlocked by another task than the one that locked it */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/completion.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(lock);

static struct task_struct *task;

static int work(void *unused)
{
	mutex_unlock(&lock); //~ ERROR bad-unlock
	while (!kthread_should_stop())
		msleep(10);
	return 0;
}

static int __init start(void)
{
	mutex_lock(&lock);
	task = kthread_run(work, NULL, "worker");
	msleep(10);
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
