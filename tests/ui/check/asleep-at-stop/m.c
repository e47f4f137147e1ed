/* The thread is stopped before it ever ran, which takes a sleep that ends before the thread's own first one begins */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static struct task_struct *sampler;
static int samples;

static int sample(void *unused)
{
	do {
		samples++;
		schedule_timeout_interruptible(HZ);
	} while (!kthread_should_stop());
	return 0;
}

static int __init start(void)
{
	sampler = kthread_run(sample, NULL, "sampler");
	return PTR_ERR_OR_ZERO(sampler);
}

static void __exit finish(void)
{
	kthread_stop(sampler);
	WARN_ON(!samples); //~ ERROR warn-on
}

module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
