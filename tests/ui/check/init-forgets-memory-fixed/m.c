/* Init takes two blocks and a thread, and gives both back if there is no thread. */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>

static char *first, *second;
static struct task_struct *task;

static int copies(void *unused)
{
	while (!kthread_should_stop()) {
		memcpy(second, first, 64);
		msleep(100);
	}
	return 0;
}

static int __init remembers_init(void)
{
	first = kzalloc(64, GFP_KERNEL);
	if (!first)
		return -ENOMEM;
	second = kmalloc(64, GFP_KERNEL);
	if (!second) {
		kfree(first);
		return -ENOMEM;
	}
	task = kthread_run(copies, NULL, "copies");
	if (IS_ERR(task)) {
		kfree(second);
		kfree(first);
		return PTR_ERR(task);
	}
	return 0;
}

static void __exit remembers_exit(void)
{
	kthread_stop(task);
	kfree(second);
	kfree(first);
}

module_init(remembers_init);
module_exit(remembers_exit);
MODULE_LICENSE("GPL");
