#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>

static DECLARE_COMPLETION(counted);
static int total;

static int count(void *unused)
{
	total++;
	kthread_complete_and_exit(&counted, 0);
	return 0;
}

static int __init racy_init(void)
{
	int started = !IS_ERR(kthread_run(count, NULL, "one")) + !IS_ERR(kthread_run(count, NULL, "two"));
	int i;

	for (i = 0; i < started; i++)
		wait_for_completion(&counted);
	BUG_ON(total != started); //~ ERROR bug-on, NOTE module-stuck
	return 0;
}

static void __exit racy_exit(void)
{
}

module_init(racy_init);
module_exit(racy_exit);
MODULE_LICENSE("GPL");
