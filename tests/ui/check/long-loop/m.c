/* The threads lose an update after so many steps that others have had to go first more than once */
#include <linux/atomic.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *workers[2];
static atomic_t work[2], begun, done;

static int worker(void *nth)
{
	atomic_inc(&begun);
	for (int i = 0; i < 700; i++)
		atomic_inc(&work[(long)nth]);
	atomic_set(&done, atomic_read(&done) + 1);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init start(void)
{
	for (long nth = 0; nth < 2; nth++) {
		workers[nth] = kthread_create(worker, (void *)nth, "worker/%ld", nth);
		if (IS_ERR(workers[nth]))
			return PTR_ERR(workers[nth]);
		get_task_struct(workers[nth]);
		wake_up_process(workers[nth]);
	}
	return 0;
}

static void __exit finish(void)
{
	for (int nth = 0; nth < 2; nth++) {
		kthread_stop(workers[nth]);
		put_task_struct(workers[nth]);
	}
	WARN_ON(atomic_read(&done) != atomic_read(&begun)); //~ ERROR warn-on
}

module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
