/* flush_work() waits for it */
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
	schedule_work(&work);
	flush_work(&work);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
