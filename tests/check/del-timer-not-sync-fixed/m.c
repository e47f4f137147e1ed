/* Memory that a timer callback uses is freed after del_timer_sync() */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timer.h>

static struct timer_list timer;
static int *counter;

static void fire(struct timer_list *unused)
{
	WRITE_ONCE(*counter, READ_ONCE(*counter) + 1);
}

static int __init start(void)
{
	counter = kzalloc(sizeof(*counter), GFP_KERNEL);
	if (!counter)
		return -ENOMEM;
	timer_setup(&timer, fire, 0);
	mod_timer(&timer, jiffies + 1);
	return 0;
}

static void __exit finish(void)
{
	del_timer_sync(&timer);
	kfree(counter);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
