/* The condition of wait_event() leaves out the stop request */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static bool ready;

static struct task_struct *task;

static int work(void *unused)
{
	while (!kthread_should_stop()) {
		wait_event(queue, READ_ONCE(ready));
		WRITE_ONCE(ready, false);
		pr_info("one more\n");
	}
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "worker");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	kthread_stop(task); //~ ERROR kthread-stop-lost-wakeup
	pr_info("stopped\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
