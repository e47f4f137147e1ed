/* A work flushes itself */
#include <linux/module.h>
#include <linux/workqueue.h>

static void run(struct work_struct *work)
{
	pr_info("runs\n");
	flush_work(work); //~ ERROR self-deadlock
	pr_info("done\n");
}
static DECLARE_WORK(work, run);

static int __init start(void)
{
	schedule_work(&work);
	return 0;
}

static void __exit finish(void)
{
	cancel_work_sync(&work);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
