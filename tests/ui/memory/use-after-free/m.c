/* A thread uses a buffer that the exit function freed */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/slab.h>

static char *buffer;

static struct task_struct *task;

static int work(void *unused)
{
	char *text = buffer;

	while (!kthread_should_stop()) {
		msleep(1000);
		text[0]++; //~ ERROR use-after-free
	}
	return 0;
}

static int __init start(void)
{
	buffer = kzalloc(64, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	task = kthread_run(work, NULL, "worker");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	kfree(buffer);
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
