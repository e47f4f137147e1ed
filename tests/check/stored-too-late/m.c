/* A thread looks up what is stored only after it was started */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/xarray.h>

static DEFINE_XARRAY(things);
static struct task_struct *task;
static int thing = 7;

static int user(void *unused)
{
	int *mine = xa_load(&things, 3);

	pr_info("%d\n", *mine);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(20 * HZ);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(user, NULL, "user");
	if (IS_ERR(task))
		return PTR_ERR(task);
	return xa_err(xa_store(&things, 3, &thing, GFP_KERNEL));
}

static void __exit finish(void)
{
	kthread_stop(task);
	xa_destroy(&things);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
