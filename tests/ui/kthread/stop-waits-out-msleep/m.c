/* A stop request does not shorten msleep(), but it does shorten msleep_interruptible() */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static struct task_struct *deep, *light;

static int sleep_deep(void *unused)
{
	while (!kthread_should_stop())
		msleep(10000);
	return 1;
}

static int sleep_light(void *unused)
{
	unsigned long left = 0;

	while (!kthread_should_stop())
		left = msleep_interruptible(10000);
	return left > 0;
}

static int __init start(void)
{
	deep = kthread_run(sleep_deep, NULL, "deep");
	light = kthread_run(sleep_light, NULL, "light");
	return 0;
}

static void __exit finish(void)
{
	pr_info("stopping light\n");
	pr_info("light gave %d\n", kthread_stop(light));
	pr_info("stopping deep\n");
	pr_info("deep gave %d\n", kthread_stop(deep));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
