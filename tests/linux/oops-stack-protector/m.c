/* Writing past an array on the stack */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static noinline void smash(void)
{
	char room[16];
	char *p = room;
	OPTIMIZER_HIDE_VAR(p);
	memset(p, 0x41, 32);
	pr_info("%.4s\n", p);
}

static struct task_struct *task;
static int work(void *data)
{
	smash();
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
