/* A thread counts; reading /proc/counter shows how far, writing a number sets the step. */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

static int step = 1;
module_param(step, int, 0444);
MODULE_PARM_DESC(step, "how much is added each second");

static DEFINE_MUTEX(lock);
static DECLARE_WAIT_QUEUE_HEAD(queue);
static struct task_struct *task;
static long count;

static int counting(void *data)
{
	/* Sleeps a second at a time, and wakes at once when it is to stop. */
	while (!wait_event_interruptible_timeout(queue, kthread_should_stop(), HZ)) {
		mutex_lock(&lock);
		count += step;
		mutex_unlock(&lock);
	}
	return 0;
}

static int counter_show(struct seq_file *m, void *v)
{
	mutex_lock(&lock);
	seq_printf(m, "count %ld step %d\n", count, step);
	mutex_unlock(&lock);
	return 0;
}

static int counter_open(struct inode *inode, struct file *file)
{
	return single_open(file, counter_show, NULL);
}

static ssize_t counter_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	int value, err = kstrtoint_from_user(buf, len, 10, &value);

	if (err)
		return err;
	mutex_lock(&lock);
	step = value;
	mutex_unlock(&lock);
	return len;
}

static const struct proc_ops counter_ops = {
	.proc_open = counter_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_write = counter_write,
	.proc_release = single_release,
};

static int __init counter_init(void)
{
	if (!proc_create("counter", 0644, NULL, &counter_ops))
		return -ENOMEM;
	task = kthread_run(counting, NULL, "counter");
	if (IS_ERR(task)) {
		remove_proc_entry("counter", NULL);
		return PTR_ERR(task);
	}
	return 0;
}

static void __exit counter_exit(void)
{
	kthread_stop(task);
	remove_proc_entry("counter", NULL);
}

module_init(counter_init);
module_exit(counter_exit);
MODULE_LICENSE("GPL");
