/* Writing to constant data */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static const int fixed = 3;

static struct task_struct *task;
static int work(void *data)
{
	int *p = (int *)&fixed;
	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(*p, 4);
	pr_info("%d\n", READ_ONCE(fixed));
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}
static int __init start(void)
{
	task = kthread_run(work, NULL, "culprit");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
