/* What kthread_stop hands back of what a thread ended with */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include <linux/completion.h>

static DECLARE_COMPLETION(left);
static int until_stop(void *data)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 20);
	return (long)data;
}
static int at_once(void *data)
{
	return (long)data;
}
static int by_exit(void *data)
{
	kthread_complete_and_exit(&left, (long)data);
}
static int by_module_exit(void *data)
{
	module_put_and_kthread_exit((long)data);
}
static void try(int (*work)(void *), const char *name, long value)
{
	struct task_struct *t = kthread_create(work, (void *)value, "%s", name);
	int ret;

	get_task_struct(t);
	wake_up_process(t);
	msleep(50);
	pr_info("%s %lx: exit_state %d, exit_code %x, flags exiting %d\n", name, value, t->exit_state, t->exit_code,
		!!(t->flags & PF_EXITING));
	ret = kthread_stop(t);
	pr_info("%s: stop %d, exit_code %x, usage left %d\n", name, ret, t->exit_code, refcount_read(&t->usage) > 0);
	put_task_struct(t);
}
static int __init start(void)
{
	try(until_stop, "until_stop", -EIO);
	try(until_stop, "until_big", 0x123456789aL);
	try(at_once, "at_once", 0x7fffffff);
	try(at_once, "at_minus", -4095);
	try(at_once, "at_eintr", -EINTR);
	try(by_exit, "by_exit", 77);
	pr_info("completion done %d\n", completion_done(&left));
	try(by_exit, "by_exit_big", 0x1fffffff0L);
	__module_get(THIS_MODULE);
	try(by_module_exit, "by_module_exit", -3);
	pr_info("module refcount in its init %d\n", module_refcount(THIS_MODULE));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
