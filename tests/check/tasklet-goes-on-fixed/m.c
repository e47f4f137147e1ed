/* tasklet_kill() ends a tasklet that schedules itself: from then on nobody can schedule it */
#include <linux/module.h>
#include <linux/interrupt.h>

static struct tasklet_struct tasklet;
static int rounds;

static void again(struct tasklet_struct *t)
{
	if (++rounds < 100)
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
	tasklet_kill(&tasklet);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
