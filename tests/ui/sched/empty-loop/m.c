/* An empty loop, in which the compiler leaves no hook */
#include <linux/module.h>
#include <linux/kthread.h>

static struct task_struct *task;

static int work(void *unused)
{
	while (1)
		;
	return 0;
}

static int __init start(void)
{
	task = kthread_run(work, NULL, "worker");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
