/* A counter on the stack of init, which two threads increment without a lock */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

static DECLARE_COMPLETION(counted);

static int count(void *data)
{
	int *total = data;

	*total += 1;
	kthread_complete_and_exit(&counted, 0);
	return 0;
}

static int __init racy_init(void)
{
	int total = 0;
	int started = !IS_ERR(kthread_run(count, &total, "one"));

	total += 1;
	if (started)
		wait_for_completion(&counted);
	BUG_ON(total != started + 1); //~ ERROR bug-on, NOTE module-stuck
	return 0;
}

static void __exit racy_exit(void)
{
}

module_init(racy_init);
module_exit(racy_exit);
MODULE_LICENSE("GPL");
