/* Polls that take longer than a watchdog's patience, and end: by count, by steps, by the clock */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/ktime.h>

static int __init start(void)
{
	unsigned long end = 200 * HZ;
	ktime_t until;
	int i;

	for (i = 0; i < 20000; i++)
		msleep(10);
	pr_info("counted\n");
	for (end = 0; end < 60000; end += 3)
		msleep(10);
	pr_info("by steps\n");
	until = ktime_add_ms(ktime_get(), 200000);
	while (ktime_before(ktime_get(), until))
		msleep(10);
	pr_info("by the clock\n");
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
