/* A line with an index every second */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static struct task_struct *task;

static int greet(void *unused)
{
	int index = 0;

	while (!kthread_should_stop()) {
		printk("Hello, World !; index %d\n", index++);
		msleep(1000);
	}
	return index;
}

static int __init start(void)
{
	task = kthread_run(greet, NULL, "greeter");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	pr_info("%d greetings\n", kthread_stop(task));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
