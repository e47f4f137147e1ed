/* Two texts are compared with what they should be while a thread replaces them: the second is still the old one */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/string.h>

static char wanted[8] = "new", text[8] = "old", copy[8] = "old";
static DECLARE_COMPLETION(replaced);

static int replace(void *unused)
{
	strcpy(text, wanted);
	strcpy(copy, wanted);
	kthread_complete_and_exit(&replaced, 0);
	return 0;
}

static int __init racy_init(void)
{
	int started = !IS_ERR(kthread_run(replace, NULL, "replace"));
	bool is_new = strcmp(wanted, text) == 0;

	BUG_ON(is_new && strcmp(wanted, copy) != 0); //~ ERROR bug-on, NOTE module-stuck
	if (started)
		wait_for_completion(&replaced);
	return 0;
}

static void __exit racy_exit(void)
{
}

module_init(racy_init);
module_exit(racy_exit);
MODULE_LICENSE("GPL");
