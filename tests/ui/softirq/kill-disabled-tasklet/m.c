/* tasklet_kill() of a scheduled tasklet that is disabled */
#include <linux/module.h>
#include <linux/interrupt.h>

static void run(struct tasklet_struct *tasklet)
{
	pr_info("runs\n");
}
static DECLARE_TASKLET(tasklet, run);

static int __init start(void)
{
	tasklet_disable(&tasklet);
	tasklet_schedule(&tasklet);
	return 0;
}

static void __exit finish(void)
{
	tasklet_kill(&tasklet); //~ ERROR hung-task
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
