/* Kernel threads asked for wrongly, twice, or too late */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/sched/signal.h>
#include <linux/sched/types.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/cpumask.h>

static int idle(void *data)
{
	while (!kthread_should_stop()) {
		if (kthread_should_park())
			kthread_parkme();
		schedule_timeout_interruptible(HZ / 10);
	}
	return 3;
}
static int by_exit(void *data)
{
	kthread_complete_and_exit(NULL, -9);
}
static int __init start(void)
{
	struct task_struct *t;
	int ret;

	pr_info("not a kthread: should_stop of insmod is not asked\n");
	t = kthread_create(idle, (void *)5L, "%s", "a%db");
	pr_info("comm %s data %ld\n", t->comm, (long)kthread_data(t));
	pr_info("func %d\n", kthread_func(t) == idle);
	kthread_bind(t, 0);
	pr_info("flags no affinity %d\n", !!(t->flags & PF_NO_SETAFFINITY));
	ret = kthread_stop(t);
	pr_info("stop before start %d\n", ret);
	t = kthread_create_on_cpu(idle, NULL, 0, "kloom/%u");
	pr_info("on cpu %s\n", t->comm);
	wake_up_process(t);
	msleep(20);
	pr_info("park %d\n", kthread_park(t));
	kthread_unpark(t);
	kthread_unpark(t);
	ret = kthread_stop(t);
	pr_info("stop %d\n", ret);
	t = kthread_create(by_exit, NULL, "exits");
	get_task_struct(t);
	wake_up_process(t);
	msleep(20);
	ret = kthread_stop(t);
	pr_info("stop of one that exited %d\n", ret);
	pr_info("park of one that exited %d\n", kthread_park(t));
	put_task_struct(t);
	t = kthread_run(idle, NULL, "prio");
	sched_set_fifo(t);
	pr_info("fifo policy %u prio %u\n", t->policy, t->rt_priority);
	sched_set_fifo_low(t);
	pr_info("low policy %u prio %u\n", t->policy, t->rt_priority);
	sched_set_normal(t, 5);
	pr_info("normal policy %u nice %d\n", t->policy, task_nice(t));
	set_user_nice(t, 99);
	pr_info("nice out of range %d\n", task_nice(t));
	set_user_nice(t, -20);
	pr_info("nice %d prio %d\n", task_nice(t), t->prio);
	pr_info("send 0 %d\n", send_sig(0, t, 1));
	pr_info("send -1 %d\n", send_sig(-1, t, 1));
	pr_info("send 64 %d 65 %d\n", send_sig(64, t, 1), send_sig(65, t, 1));
	kthread_stop(t);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
