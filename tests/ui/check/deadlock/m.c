/* Two threads take two mutexes in opposite orders */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(a);
static DEFINE_MUTEX(b);
static struct task_struct *tasks[2];

static int forward(void *unused)
{
	mutex_lock(&a);
	msleep(100);
	mutex_lock(&b); //~ ERROR deadlock
	pr_info("forward has both\n");
	mutex_unlock(&b);
	mutex_unlock(&a);
	while (!kthread_should_stop())
		msleep(100);
	return 0;
}

static int backward(void *unused)
{
	mutex_lock(&b);
	msleep(100);
	mutex_lock(&a);
	pr_info("backward has both\n");
	mutex_unlock(&a);
	mutex_unlock(&b);
	while (!kthread_should_stop())
		msleep(100);
	return 0;
}

static int __init start(void)
{
	tasks[0] = kthread_run(forward, NULL, "forward");
	tasks[1] = kthread_run(backward, NULL, "backward");
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
