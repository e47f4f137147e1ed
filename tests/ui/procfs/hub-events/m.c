/* A driver thread in the manner of khubd: sleeps until devices come and go, stops promptly */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/bitops.h>
#include <linux/proc_fs.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define PORTS 8

static struct task_struct *hub;
static DECLARE_WAIT_QUEUE_HEAD(events);
static DEFINE_SPINLOCK(lock);
static unsigned long present, configured;

static bool changed(void)
{
	bool yes;

	spin_lock_irq(&lock);
	yes = present != configured;
	spin_unlock_irq(&lock);
	return yes;
}

static void handle(int port)
{
	bool there;

	spin_lock_irq(&lock);
	there = test_bit(port, &present);
	if (there == test_bit(port, &configured)) {
		spin_unlock_irq(&lock);
		return;
	}
	change_bit(port, &configured);
	spin_unlock_irq(&lock);
	if (there)
		msleep(50);
	pr_info("port %d %s\n", port, there ? "configured" : "gone");
}

static int watch(void *unused)
{
	while (!kthread_should_stop()) {
		int port;

		wait_event_interruptible(events, changed() || kthread_should_stop());
		for (port = 0; port < PORTS; port++)
			handle(port);
	}
	pr_info("hub stops\n");
	return 0;
}

static ssize_t plug(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	char text[8] = "";
	int port;

	if (size < 2 || size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	if (sscanf(text + 1, "%d", &port) != 1 || port < 0 || port >= PORTS)
		return -EINVAL;
	spin_lock_irq(&lock);
	if (text[0] == '+')
		__set_bit(port, &present);
	else
		__clear_bit(port, &present);
	spin_unlock_irq(&lock);
	wake_up_interruptible(&events);
	return size;
}

static const struct proc_ops ops = {
	.proc_write = plug,
};

static int __init start(void)
{
	hub = kthread_run(watch, NULL, "khubd");
	if (IS_ERR(hub))
		return PTR_ERR(hub);
	if (!proc_create("hub", 0200, NULL, &ops)) {
		kthread_stop(hub);
		return -ENOMEM;
	}
	return 0;
}

static void __exit finish(void)
{
	remove_proc_entry("hub", NULL);
	kthread_stop(hub);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
