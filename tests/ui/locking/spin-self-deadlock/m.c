/* A spinlock taken twice by one thread */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);

static struct task_struct *task;

static int work(void *unused)
{
	spin_lock(&lock);
	spin_lock(&lock); //~ ERROR self-deadlock
	spin_unlock(&lock);
	spin_unlock(&lock);
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
