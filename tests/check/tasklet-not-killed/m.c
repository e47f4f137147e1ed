/* Memory that a tasklet uses is freed without tasklet_kill() */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/interrupt.h>

static int *count;
static void run(struct tasklet_struct *unused)
{
	WRITE_ONCE(*count, READ_ONCE(*count) + 1);
}
static DECLARE_TASKLET(tasklet, run);

static int __init start(void)
{
	count = kzalloc(sizeof(*count), GFP_KERNEL);
	if (!count)
		return -ENOMEM;
	tasklet_schedule(&tasklet);
	return 0;
}

static void __exit finish(void)
{
	kfree(count);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
