/* A work is flushed while holding the mutex that it takes */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

static DEFINE_MUTEX(lock);

static void work_fn(struct work_struct *work)
{
	mutex_lock(&lock);
	mutex_unlock(&lock);
}
static DECLARE_WORK(work, work_fn);

static int __init start(void)
{
	schedule_work(&work);
	return 0;
}

static void __exit finish(void)
{
	mutex_lock(&lock);
	flush_work(&work);
	mutex_unlock(&lock);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
