/* kill -9 has no effect on the thread, nor on the stuck rmmod */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

static struct task_struct *task;

static int loop(void *unused)
{
	while (1) {
		pr_info("running\n");
		ssleep(5);
	}
	return 0;
}

static int __init start(void)
{
	pr_info("hello\n");
	task = kthread_run(loop, NULL, "mythread");
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	pr_info("stopping\n");
	kthread_stop(task); //~ ERROR kthread-stop-hang
	pr_info("stopped\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
