// Two kthreads that meet at a mutex, and wait to be stopped.
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(lock);
static int total;
static struct task_struct *pair[2];

static int work(void *unused)
{
	mutex_lock(&lock);
	total++;
	mutex_unlock(&lock);
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int __init pair_init(void)
{
	int i;

	for (i = 0; i < 2; i++)
		pair[i] = kthread_run(work, NULL, "pair/%d", i);
	return 0;
}

static void __exit pair_exit(void)
{
	kthread_stop(pair[0]);
	kthread_stop(pair[1]);
}

module_init(pair_init);
module_exit(pair_exit);
MODULE_LICENSE("GPL");
