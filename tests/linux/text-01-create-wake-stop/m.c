/* Creating, waking and stopping a thread gives its result */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static struct task_struct *made, *named;
static int work(void *data)
{
	pr_info("%s runs\n", current->comm);
	while (!kthread_should_stop())
		msleep(100);
	return 42;
}
static int __init start(void)
{
	made = kthread_create(work, NULL, "maker");
	if (IS_ERR(made))
		return PTR_ERR(made);
	pr_info("woken: %d\n", wake_up_process(made));
	named = kthread_run(work, NULL, "worker/%d:%s", 7, "high");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	pr_info("maker gave %d\n", kthread_stop(made));
	pr_info("worker gave %d\n", kthread_stop(named));
}
module_exit(finish);
MODULE_LICENSE("GPL");
