/* A thread is stopped before the mutex is taken */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/delay.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(lock);
static struct task_struct *task;

static int loop(void *unused)
{
	while (!kthread_should_stop()) {
		mutex_lock(&lock);
		mutex_unlock(&lock);
		msleep(10);
	}
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
	mutex_lock(&lock);
	mutex_unlock(&lock);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
