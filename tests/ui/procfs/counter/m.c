/* A thread counts seconds and a /proc file shows the count */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static struct task_struct *task;
static int counter;

static int count(void *unused)
{
	while (!kthread_should_stop()) {
		ssleep(1);
		WRITE_ONCE(counter, counter + 1);
	}
	return counter;
}

static int show(struct seq_file *m, void *unused)
{
	seq_printf(m, "counter %d\n", READ_ONCE(counter));
	return 0;
}

static int __init start(void)
{
	if (!proc_create_single("counter", 0444, NULL, show))
		return -ENOMEM;
	task = kthread_run(count, NULL, "counting");
	if (IS_ERR(task))
		remove_proc_entry("counter", NULL);
	return PTR_ERR_OR_ZERO(task);
}

static void __exit finish(void)
{
	remove_proc_entry("counter", NULL);
	pr_info("counted to %d\n", kthread_stop(task));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
