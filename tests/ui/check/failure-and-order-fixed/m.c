#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>

static struct task_struct *drain, *fill;
static int draining;

static void wait_for_stop(void)
{
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
}

static int drain_fn(void *unused)
{
	msleep(10);
	WRITE_ONCE(draining, 1);
	wait_for_stop();
	return 0;
}

static int fill_fn(void *unused)
{
	char *buffer = kmalloc(64, GFP_KERNEL);

	/* Without memory there is nothing to do. */
	if (buffer)
		buffer[0] = 1;
	wait_for_stop();
	kfree(buffer);
	return 0;
}

static int __init order_init(void)
{
	drain = kthread_run(drain_fn, NULL, "drain");
	if (IS_ERR(drain))
		return PTR_ERR(drain);
	fill = kthread_run(fill_fn, NULL, "fill");
	if (IS_ERR(fill)) {
		kthread_stop(drain);
		return PTR_ERR(fill);
	}
	return 0;
}

static void __exit order_exit(void)
{
	kthread_stop(fill);
	kthread_stop(drain);
}

module_init(order_init);
module_exit(order_exit);
MODULE_LICENSE("GPL");
