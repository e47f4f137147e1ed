/* It leaves the section on every path */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>

static int look(void *unused)
{
	rcu_read_lock();
	if (current->pid > 0)
		pr_info("there\n");
	rcu_read_unlock();
	return 0;
}

static int __init start(void)
{
	struct task_struct *thread = kthread_run(look, NULL, "reader");

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	msleep(10);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
