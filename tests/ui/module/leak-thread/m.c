/* A thread is still alive when its module goes */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static bool done;

static struct task_struct *task;

static int work(void *unused)
{
	wait_event(queue, READ_ONCE(done));
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "worker"); //~ ERROR leak-thread
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
