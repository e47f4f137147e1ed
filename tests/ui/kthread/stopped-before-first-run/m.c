/* A thread that was woken but never got a CPU before the stop gives -EINTR, too */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/smp.h>

static int work(void *unused)
{
	pr_info("never said\n");
	return 5;
}

static int __init start(void)
{
	struct task_struct *task;

	task = kthread_create(work, NULL, "quick");
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, 0);
	pr_info("on cpu %d\n", smp_processor_id());
	wake_up_process(task);
	pr_info("kthread_stop() gave %d\n", kthread_stop(task));
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
