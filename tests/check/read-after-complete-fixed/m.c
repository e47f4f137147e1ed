/* A server says last that a request is done */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/completion.h>
#include <linux/slab.h>

struct request {
	struct completion done;
	int result;
};

static struct request *pending;
static struct task_struct *task;

static int serve(void *unused)
{
	pending->result = 42;
	pr_info("served %d\n", pending->result);
	complete(&pending->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init start(void)
{
	pending = kzalloc(sizeof(*pending), GFP_KERNEL);
	if (!pending)
		return -ENOMEM;
	init_completion(&pending->done);
	task = kthread_run(serve, NULL, "server");
	if (IS_ERR(task)) {
		kfree(pending);
		return PTR_ERR(task);
	}
	wait_for_completion(&pending->done);
	kfree(pending);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
