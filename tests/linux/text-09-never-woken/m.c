/* A thread that is stopped before it was woken never runs and gives -EINTR */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static struct task_struct *task;
static int work(void *data)
{
	pr_info("never said\n");
	return 5;
}
static int __init start(void)
{
	task = kthread_create(work, NULL, "unwoken");
	pr_info("state %u on_rq %d\n", READ_ONCE(task->__state), task->on_rq);
	return 0;
}
module_init(start);

static void __exit finish(void)
{
	pr_info("finishing\n");
	pr_info("kthread_stop() gave %d\n", kthread_stop(task));
}
module_exit(finish);
MODULE_LICENSE("GPL");
