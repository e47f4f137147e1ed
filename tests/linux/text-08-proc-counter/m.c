/* A thread counts seconds and a /proc file shows the count */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static struct task_struct *task;
static int counter;
static int work(void *data)
{
	while (!kthread_should_stop()) {
		ssleep(1);
		counter++;
	}
	return counter;
}
static int show(struct seq_file *m, void *v)
{
	seq_printf(m, "counter %d\n", counter);
	return 0;
}
static int __init start(void)
{
	if (!proc_create_single("counter", 0444, NULL, show))
		return -ENOMEM;
	task = kthread_run(work, NULL, "counting");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	pr_info("counted to %d\n", kthread_stop(task));
	remove_proc_entry("counter", NULL);
}
module_exit(finish);
MODULE_LICENSE("GPL");
