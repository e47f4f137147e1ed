/* A thread signals its end with complete() and then still runs code of the module */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/delay.h>
#include <linux/completion.h>

static DECLARE_COMPLETION(done);
static int rounds;
static struct task_struct *task;

static int last(void *unused)
{
	msleep(1);
	complete(&done);
	WRITE_ONCE(rounds, 1);
	return 0;
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
