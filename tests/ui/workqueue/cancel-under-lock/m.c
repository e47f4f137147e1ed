/* cancel_work_sync() under a mutex that the work takes */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

static DEFINE_MUTEX(lock);

static void run(struct work_struct *work)
{
	msleep(20);
	mutex_lock(&lock);
	pr_info("works\n");
	mutex_unlock(&lock);
}
static DECLARE_WORK(work, run);

static int __init start(void)
{
	schedule_work(&work);
	msleep(5);
	return 0;
}

static void __exit finish(void)
{
	mutex_lock(&lock);
	schedule_work(&work);
	msleep(5);
	cancel_work_sync(&work); //~ ERROR deadlock
	mutex_unlock(&lock);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
