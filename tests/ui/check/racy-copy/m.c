/* A record is copied while a thread replaces it: half of it is the old one's */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/string.h>

struct record {
	char text[32];
	char copy[32];
};
static struct record shared, fresh = { .text = "new", .copy = "new" };
static DECLARE_COMPLETION(replaced);

static int replace(void *unused)
{
	strcpy(shared.text, fresh.text);
	strcpy(shared.copy, fresh.copy);
	kthread_complete_and_exit(&replaced, 0);
	return 0;
}

static int __init racy_init(void)
{
	struct record mine;
	int started = !IS_ERR(kthread_run(replace, NULL, "replace"));

	memcpy(&mine, &shared, sizeof(mine));
	if (started)
		wait_for_completion(&replaced);
	BUG_ON(strcmp(mine.text, mine.copy) != 0); //~ ERROR bug-on, NOTE module-stuck
	return 0;
}

static void __exit racy_exit(void)
{
}

module_init(racy_init);
module_exit(racy_exit);
MODULE_LICENSE("GPL");
