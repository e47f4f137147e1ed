/* What kthread_stop gives in every order of creating, waking, parking and stopping */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

static int ran;
static int work(void *data)
{
	ran++;
	while (!kthread_should_stop()) {
		if (kthread_should_park())
			kthread_parkme();
		schedule_timeout_interruptible(HZ / 20);
	}
	return (long)data;
}
static int quick(void *data)
{
	ran++;
	return -7;
}
static int __init start(void)
{
	struct task_struct *t;
	int ret;
	t = kthread_create(work, (void *)1L, "unwoken");
	ret = kthread_stop(t);
	pr_info("unwoken: %d, ran %d\n", ret, ran);
	t = kthread_create(work, (void *)2L, "woken");
	ret = wake_up_process(t);
	pr_info("wake %d, again %d\n", ret, wake_up_process(t));
	ret = kthread_stop(t);
	pr_info("woken at once: %d, ran %d\n", ret, ran);
	t = kthread_run(work, (void *)3L, "slept");
	msleep(50);
	ret = kthread_stop(t);
	pr_info("after it ran: %d, ran %d\n", ret, ran);
	t = kthread_create(quick, NULL, "quick");
	get_task_struct(t);
	wake_up_process(t);
	msleep(50);
	pr_info("ended: wake %d\n", wake_up_process(t));
	ret = kthread_stop(t);
	pr_info("ended: stop %d, ran %d\n", ret, ran);
	pr_info("park of an ended one: %d\n", kthread_park(t));
	put_task_struct(t);
	t = kthread_run(work, (void *)5L, "parked");
	msleep(50);
	ret = kthread_park(t);
	pr_info("park %d, state %u\n", ret, READ_ONCE(t->__state));
	pr_info("park again %d\n", kthread_park(t));
	pr_info("wake a parked one %d\n", wake_up_process(t));
	pr_info("stop a parked one %d\n", kthread_stop(t));
	t = kthread_run(work, (void *)6L, "unparked");
	msleep(50);
	pr_info("park %d\n", kthread_park(t));
	kthread_unpark(t);
	pr_info("stop an unparked one %d\n", kthread_stop(t));
	t = kthread_create(work, (void *)7L, "a-name-that-is-longer-than-%d-characters", 15);
	pr_info("comm '%s' prio %d static %d policy %u flags %x\n", t->comm, t->prio, t->static_prio, t->policy, t->flags);
	pr_info("mm %d active_mm %d parent %s real_parent %d tgid==pid %d\n", !!t->mm, !!t->active_mm, t->parent->comm, t->real_parent->pid, t->tgid == t->pid);
	kthread_stop(t);
	pr_info("self %s mm %d flags %x\n", current->comm, !!current->mm, current->flags);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
