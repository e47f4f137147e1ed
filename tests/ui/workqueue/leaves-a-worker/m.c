/* Nobody waits for the work */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/workqueue.h>

static void slow(struct work_struct *work)
{
	pr_info("slow begins\n");
	msleep(3000); //~ ERROR module-text-in-use
	pr_info("never printed\n");
}
static DECLARE_WORK(work, slow);

static int __init start(void)
{
	schedule_work(&work);
	return 0;
}

static void __exit finish(void)
{
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
