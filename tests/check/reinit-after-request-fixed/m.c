/* A completion is re-initialised before the request is sent */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/completion.h>

static DECLARE_COMPLETION(request);
static DECLARE_COMPLETION(reply);
static struct task_struct *task;

static int serve(void *unused)
{
	wait_for_completion(&request);
	complete(&reply);
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static int __init start(void)
{
	task = kthread_run(serve, NULL, "serve");
	if (IS_ERR(task))
		return PTR_ERR(task);
	reinit_completion(&reply);
	complete(&request);
	wait_for_completion(&reply);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
