/* An elevator: requests written to /proc are queued per floor, one thread serves them */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define FLOORS 6

struct request {
	struct list_head node;
	int people;
};

static struct task_struct *mover;
static struct list_head queues[FLOORS];
static DECLARE_WAIT_QUEUE_HEAD(bell);
static DEFINE_MUTEX(lock);
static int floor, served;

static int next_floor(void)
{
	int i, found = -1;

	mutex_lock(&lock);
	for (i = 0; i < FLOORS && found < 0; i++)
		if (!list_empty(&queues[i]))
			found = i;
	mutex_unlock(&lock);
	return found;
}

static void serve(int to)
{
	struct request *request, *next;

	mutex_lock(&lock);
	list_for_each_entry_safe(request, next, &queues[to], node) {
		list_del(&request->node);
		served += request->people;
		kfree(request);
	}
	mutex_unlock(&lock);
	pr_info("served floor %d\n", to);
}

static int move(void *unused)
{
	while (!kthread_should_stop()) {
		int to;

		wait_event_interruptible(bell, next_floor() >= 0 || kthread_should_stop());
		to = next_floor();
		if (to < 0)
			continue;
		while (floor != to) {
			msleep(200);
			mutex_lock(&lock);
			floor += floor < to ? 1 : -1;
			mutex_unlock(&lock);
		}
		serve(to);
	}
	return served;
}

static ssize_t call(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	struct request *request;
	char text[16] = "";
	int people, to;

	if (size >= sizeof(text))
		return -E2BIG;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	if (sscanf(text, "%d %d", &to, &people) != 2)
		return -EINVAL;
	if (to < 0 || to >= FLOORS || people < 1)
		return -ERANGE;
	request = kmalloc(sizeof(*request), GFP_KERNEL);
	if (!request)
		return -ENOMEM;
	request->people = people;
	mutex_lock(&lock);
	list_add_tail(&request->node, &queues[to]);
	mutex_unlock(&lock);
	wake_up(&bell);
	return size;
}

static int show(struct seq_file *m, void *unused)
{
	struct request *request;
	int i;

	mutex_lock(&lock);
	seq_printf(m, "at floor %d, served %d\n", floor, served);
	for (i = FLOORS - 1; i >= 0; i--) {
		seq_printf(m, "%d:", i);
		list_for_each_entry(request, &queues[i], node)
			seq_printf(m, " %d", request->people);
		seq_putc(m, '\n');
	}
	mutex_unlock(&lock);
	return 0;
}

static int open(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

static const struct proc_ops ops = {
	.proc_open = open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_write = call,
	.proc_release = single_release,
};

static int __init start(void)
{
	int i;

	for (i = 0; i < FLOORS; i++)
		INIT_LIST_HEAD(&queues[i]);
	mover = kthread_run(move, NULL, "elevator");
	if (IS_ERR(mover))
		return PTR_ERR(mover);
	if (!proc_create("elevator", 0666, NULL, &ops)) {
		kthread_stop(mover);
		return -ENOMEM;
	}
	return 0;
}

static void __exit finish(void)
{
	int i;

	remove_proc_entry("elevator", NULL);
	pr_info("served %d\n", kthread_stop(mover));
	for (i = 0; i < FLOORS; i++)
		serve(i);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
