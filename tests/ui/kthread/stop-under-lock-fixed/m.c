/* The mutex is released first */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(lock);
static struct task_struct *thread;

static int loop(void *unused)
{
	for (;;) {
		msleep(20);
		mutex_lock(&lock);
		if (kthread_should_stop())
			break;
		mutex_unlock(&lock);
	}
	mutex_unlock(&lock);
	return 0;
}

static int __init start(void)
{
	thread = kthread_run(loop, NULL, "looper");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit finish(void)
{
	mutex_lock(&lock);
	mutex_unlock(&lock);
	kthread_stop(thread);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
