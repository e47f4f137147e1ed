/* An event thread sleeps until devices come and go, configures each, and stops promptly */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/proc_fs.h>
#include <linux/wait.h>
#include <linux/uaccess.h>

static struct task_struct *task;
static DECLARE_WAIT_QUEUE_HEAD(events);
static DEFINE_SPINLOCK(lock);
static unsigned long present, known;
static int work(void *data)
{
	do {
		unsigned long changed, now;
		spin_lock_irq(&lock);
		now = present;
		changed = now ^ known;
		known = now;
		spin_unlock_irq(&lock);
		while (changed) {
			int port = __ffs(changed);
			changed &= ~(1UL << port);
			if (now & (1UL << port)) {
				msleep(50);
				pr_info("hub: port %d configured\n", port);
			} else {
				pr_info("hub: port %d gone\n", port);
			}
		}
		wait_event_interruptible(events, present != known || kthread_should_stop());
	} while (!kthread_should_stop());
	pr_info("hub: exiting\n");
	return 0;
}
static ssize_t plug(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	char text[16] = "";
	int port;
	if (copy_from_user(text, from, min(size, sizeof(text) - 1)))
		return -EFAULT;
	if (sscanf(text + 1, "%d", &port) != 1 || port < 0 || port > 7)
		return -EINVAL;
	spin_lock_irq(&lock);
	if (text[0] == '+')
		present |= 1UL << port;
	else
		present &= ~(1UL << port);
	spin_unlock_irq(&lock);
	wake_up_interruptible(&events);
	return size;
}
static const struct proc_ops ops = { .proc_write = plug };
static int __init start(void)
{
	proc_create("hub", 0200, NULL, &ops);
	task = kthread_run(work, NULL, "khubd");
	return PTR_ERR_OR_ZERO(task);
}
module_init(start);
static void __exit finish(void)
{
	remove_proc_entry("hub", NULL);
	kthread_stop(task);
}
module_exit(finish);
MODULE_LICENSE("GPL");
