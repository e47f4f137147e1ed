#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static DECLARE_COMPLETION(counted);
static DEFINE_MUTEX(lock);
static int total;

static int count(void *unused)
{
	mutex_lock(&lock);
	total++;
	mutex_unlock(&lock);
	kthread_complete_and_exit(&counted, 0);
	return 0;
}

static int __init racy_init(void)
{
	int started = !IS_ERR(kthread_run(count, NULL, "one")) + !IS_ERR(kthread_run(count, NULL, "two"));
	int i;

	for (i = 0; i < started; i++)
		wait_for_completion(&counted);
	BUG_ON(total != started);
	return 0;
}

static void __exit racy_exit(void)
{
}

module_init(racy_init);
module_exit(racy_exit);
MODULE_LICENSE("GPL");
