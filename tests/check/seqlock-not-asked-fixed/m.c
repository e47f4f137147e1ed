/* A reader of a sequence lock reads again if a writer was there */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/seqlock.h>

static DEFINE_SEQLOCK(lock);
static u64 one, two;
static struct task_struct *tasks[2];

static int look(void *unused)
{
	u64 a, b;
	unsigned int seen;

	do {
		seen = read_seqbegin(&lock);
		a = one;
		b = two;
	} while (read_seqretry(&lock, seen));
	pr_info("%llu %llu\n", a, b);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int change(void *unused)
{
	write_seqlock(&lock);
	one++;
	two++;
	write_sequnlock(&lock);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init start(void)
{
	tasks[0] = kthread_run(look, NULL, "look");
	if (IS_ERR(tasks[0]))
		return PTR_ERR(tasks[0]);
	tasks[1] = kthread_run(change, NULL, "change");
	if (IS_ERR(tasks[1])) {
		kthread_stop(tasks[0]);
		return PTR_ERR(tasks[1]);
	}
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
