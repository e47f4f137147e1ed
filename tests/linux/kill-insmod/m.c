/* kthread_run in an insmod that was killed meanwhile */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

static int never(void *data)
{
	pr_info("this is never printed\n");
	return 0;
}
static int __init start(void)
{
	struct task_struct *t;

	msleep(2000);
	pr_info("pending %d fatal %d\n", signal_pending(current), fatal_signal_pending(current));
	t = kthread_run(never, NULL, "never");
	pr_info("kthread_run %ld\n", IS_ERR(t) ? PTR_ERR(t) : 0);
	t = kthread_create_on_cpu(never, NULL, 0, "never/%u");
	pr_info("kthread_create_on_cpu %ld\n", IS_ERR(t) ? PTR_ERR(t) : 0);
	t = (void *)kthread_create_worker(0, "never-worker");
	pr_info("kthread_create_worker %ld\n", IS_ERR(t) ? PTR_ERR(t) : 0);
	msleep(100);
	return -EINTR;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
