/* A thread that is stopped before it was woken never runs */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>

static struct task_struct *task;

static int work(void *unused)
{
	pr_info("never said\n");
	return 5;
}

static int __init start(void)
{
	task = kthread_create(work, NULL, "unwoken"); //~ WARNING thread-never-woken
	pr_info("state %u, on a queue: %d\n", READ_ONCE(task->__state), task->on_rq);
	return 0;
}

static void __exit finish(void)
{
	pr_info("kthread_stop() gave %d\n", kthread_stop(task));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
