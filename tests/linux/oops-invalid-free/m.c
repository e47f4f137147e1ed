/* kfree of an address that kmalloc did not give */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

static struct task_struct *task;
static int work(void *data)
{
	char *p = kmalloc(64, GFP_KERNEL);
	kfree(p + 8);
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}
static int __init start(void)
{
	task = kthread_run(work, NULL, "culprit");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
