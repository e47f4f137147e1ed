/* A work is queued as the last thing before its module goes */
#include <linux/module.h>
#include <linux/workqueue.h>

static void late(struct work_struct *work)
{
	pr_info("late\n");
}
static DECLARE_WORK(work, late);

static int __init start(void)
{
	return 0;
}

static void __exit finish(void)
{
	schedule_work(&work); //~ ERROR leak-work
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
