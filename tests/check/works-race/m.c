/* Two works on different CPUs add to one sum */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

static int sum;

static void work_fn(struct work_struct *work)
{
	sum += 2;
}
static DECLARE_WORK(one, work_fn);
static DECLARE_WORK(two, work_fn);

static int __init start(void)
{
	schedule_work_on(0, &one);
	schedule_work_on(1, &two);
	return 0;
}

static void __exit finish(void)
{
	cancel_work_sync(&one);
	cancel_work_sync(&two);
	pr_info("%d\n", sum);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
