/* A thread signals its end with kthread_complete_and_exit() */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/delay.h>
#include <linux/completion.h>

static DECLARE_COMPLETION(done);
static struct task_struct *task;

static int last(void *unused)
{
	msleep(1);
	kthread_complete_and_exit(&done, 0);
}

static int __init start(void)
{
	task = kthread_run(last, NULL, "last");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	wait_for_completion(&done);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
