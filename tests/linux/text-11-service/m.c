/* Requests written to a /proc file are served by one thread in order */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/wait.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

#define FLOORS 5
static struct task_struct *task;
static DECLARE_WAIT_QUEUE_HEAD(bell);
static DEFINE_MUTEX(lock);
static int waiting[FLOORS], floor, served;
static int next_floor(void)
{
	int i, found = -1;
	mutex_lock(&lock);
	for (i = 0; i < FLOORS && found < 0; i++)
		if (waiting[i])
			found = i;
	mutex_unlock(&lock);
	return found;
}
static int work(void *data)
{
	while (!kthread_should_stop()) {
		int to;
		wait_event_interruptible(bell, next_floor() >= 0 || kthread_should_stop());
		to = next_floor();
		if (to < 0)
			continue;
		while (floor != to) {
			msleep(200);
			floor += floor < to ? 1 : -1;
		}
		mutex_lock(&lock);
		served += waiting[to];
		waiting[to] = 0;
		mutex_unlock(&lock);
		pr_info("served floor %d\n", to);
	}
	return served;
}
static ssize_t request(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	int to, err = kstrtoint_from_user(from, size, 10, &to);
	if (err)
		return err;
	if (to < 0 || to >= FLOORS)
		return -ERANGE;
	mutex_lock(&lock);
	waiting[to]++;
	mutex_unlock(&lock);
	wake_up(&bell);
	return size;
}
static int show(struct seq_file *m, void *v)
{
	int i;
	seq_printf(m, "floor %d, served %d, waiting", floor, served);
	for (i = 0; i < FLOORS; i++)
		seq_printf(m, " %d", waiting[i]);
	seq_putc(m, '\n');
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
	.proc_write = request,
	.proc_release = single_release,
};
static int __init start(void)
{
	if (!proc_create("elevator", 0666, NULL, &ops))
		return -ENOMEM;
	task = kthread_run(work, NULL, "elevator");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	pr_info("served %d\n", kthread_stop(task));
	proc_remove(proc_create("elevator_gone", 0, NULL, &ops));
	remove_proc_entry("elevator", NULL);
}
module_exit(finish);
MODULE_LICENSE("GPL");
