/* The counter on the stack of init is incremented under a lock */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static DECLARE_COMPLETION(counted);
static DEFINE_MUTEX(lock);

static int count(void *data)
{
	int *total = data;

	mutex_lock(&lock);
	*total += 1;
	mutex_unlock(&lock);
	kthread_complete_and_exit(&counted, 0);
	return 0;
}

static int __init racy_init(void)
{
	int total = 0;
	int started = !IS_ERR(kthread_run(count, &total, "one"));

	mutex_lock(&lock);
	total += 1;
	mutex_unlock(&lock);
	if (started)
		wait_for_completion(&counted);
	BUG_ON(total != started + 1);
	return 0;
}

static void __exit racy_exit(void)
{
}

module_init(racy_init);
module_exit(racy_exit);
MODULE_LICENSE("GPL");
