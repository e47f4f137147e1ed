/* msleep() under rcu_read_lock() */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>

static struct task_struct *reader;

static int read_slowly(void *data)
{
	rcu_read_lock();
	pr_info("reader inside\n");
	msleep(500); //~ ERROR sleep-in-atomic
	pr_info("reader leaves\n");
	rcu_read_unlock();
	while (!kthread_should_stop())
		msleep(100);
	return 0;
}

static int __init start(void)
{
	reader = kthread_run(read_slowly, NULL, "reader");
	if (IS_ERR(reader))
		return PTR_ERR(reader);
	msleep(50);
	synchronize_rcu();
	pr_info("grace period over\n");
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(reader);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
