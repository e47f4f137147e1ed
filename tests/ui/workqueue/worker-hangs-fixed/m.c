/* Somebody completes it */
#include <linux/module.h>
#include <linux/completion.h>
#include <linux/workqueue.h>

static DECLARE_COMPLETION(answer);

static void ask(struct work_struct *work)
{
	pr_info("asks\n");
	wait_for_completion(&answer);
	pr_info("has the answer\n");
}
static DECLARE_WORK(work, ask);

static int __init start(void)
{
	schedule_work(&work);
	complete(&answer);
	return 0;
}

static void __exit finish(void)
{
	cancel_work_sync(&work);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
