/* Repaired: a thread returns with a mutex locked */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(lock);
static int room;

static struct task_struct *task;

static int work(void *unused)
{
	int err = 0;

	mutex_lock(&lock);
	if (!room)
		err = -ENOSPC;
	else
		room--;
	mutex_unlock(&lock);
	pr_info("err %d\n", err);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "worker");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
