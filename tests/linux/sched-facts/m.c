/* What the scheduler says of nice values, policies and affinity */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static int work(void *data)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return 0;
}
static int __init start(void)
{
	struct task_struct *t = kthread_create(work, NULL, "subject");
	pr_info("start: prio %d normal %d rt %u policy %u cpus %*pbl\n", t->prio, t->normal_prio, t->rt_priority, t->policy, cpumask_pr_args(&t->cpus_mask));
	set_user_nice(t, -5);
	pr_info("nice -5: prio %d static %d task_nice %d\n", t->prio, t->static_prio, task_nice(t));
	set_user_nice(t, 40);
	pr_info("nice 40: prio %d task_nice %d\n", t->prio, task_nice(t));
	set_user_nice(t, 0);
	sched_set_fifo(t);
	pr_info("fifo: prio %d rt %u policy %u\n", t->prio, t->rt_priority, t->policy);
	sched_set_fifo_low(t);
	pr_info("fifo low: prio %d rt %u policy %u\n", t->prio, t->rt_priority, t->policy);
	sched_set_normal(t, 7);
	pr_info("normal: prio %d rt %u policy %u nice %d\n", t->prio, t->rt_priority, t->policy, task_nice(t));
	kthread_bind(t, 1);
	pr_info("bound: cpus %*pbl allowed %d flags %x\n", cpumask_pr_args(&t->cpus_mask), t->nr_cpus_allowed, t->flags);
	wake_up_process(t);
	msleep(50);
	pr_info("on cpu %u\n", task_cpu(t));
	pr_info("set affinity %d\n", set_cpus_allowed_ptr(t, cpumask_of(0)));
	kthread_stop(t);
	pr_info("online %u possible %u preempt_count %x irqs_disabled %d\n", num_online_cpus(), num_possible_cpus(), preempt_count(), irqs_disabled());
	preempt_disable();
	pr_info("in_atomic %d preempt_count %x\n", in_atomic(), preempt_count());
	preempt_enable();
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
