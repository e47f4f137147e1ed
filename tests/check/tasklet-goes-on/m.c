/* A tasklet schedules itself and the exit function leaves it: tasklet_disable() does not take it off the list */
#include <linux/module.h>
#include <linux/interrupt.h>

static struct tasklet_struct tasklet;
static int rounds;

static void again(struct tasklet_struct *t)
{
	if (++rounds < 3)
		tasklet_schedule(t);
}

static int __init start(void)
{
	tasklet_setup(&tasklet, again);
	return 0;
}

static void __exit finish(void)
{
	tasklet_schedule(&tasklet);
	tasklet_disable(&tasklet);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
