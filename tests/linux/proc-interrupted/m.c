/* A read of /proc that sleeps, ended by a signal; a removal that waits for it */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/proc_fs.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static ssize_t slow(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	int err = wait_event_interruptible(queue, false);
	pr_info("woken with %d\n", err);
	return err;
}
static const struct proc_ops ops = { .proc_read = slow };
static int __init start(void)
{
	return proc_create("slow", 0444, NULL, &ops) ? 0 : -ENOMEM;
}
module_init(start);
static void __exit finish(void)
{
	remove_proc_entry("slow", NULL);
}
module_exit(finish);
MODULE_LICENSE("GPL");
