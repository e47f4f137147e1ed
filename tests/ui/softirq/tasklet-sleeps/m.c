/* A tasklet takes a mutex */
#include <linux/module.h>
#include <linux/interrupt.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

static DEFINE_MUTEX(lock);

static void run(struct tasklet_struct *tasklet)
{
	mutex_lock(&lock); //~ ERROR sleep-in-atomic
	pr_info("runs\n");
	mutex_unlock(&lock);
}
static DECLARE_TASKLET(tasklet, run);

static int __init start(void)
{
	tasklet_schedule(&tasklet);
	return 0;
}

static void __exit finish(void)
{
	tasklet_kill(&tasklet);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
