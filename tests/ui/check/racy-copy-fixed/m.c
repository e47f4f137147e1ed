/* The record is copied and replaced under a lock */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

struct record {
	char text[32];
	char copy[32];
};
static struct record shared, fresh = { .text = "new", .copy = "new" };
static DECLARE_COMPLETION(replaced);
static DEFINE_MUTEX(lock);

static int replace(void *unused)
{
	mutex_lock(&lock);
	strcpy(shared.text, fresh.text);
	strcpy(shared.copy, fresh.copy);
	mutex_unlock(&lock);
	kthread_complete_and_exit(&replaced, 0);
	return 0;
}

static int __init racy_init(void)
{
	struct record mine;
	int started = !IS_ERR(kthread_run(replace, NULL, "replace"));

	mutex_lock(&lock);
	memcpy(&mine, &shared, sizeof(mine));
	mutex_unlock(&lock);
	if (started)
		wait_for_completion(&replaced);
	BUG_ON(strcmp(mine.text, mine.copy) != 0);
	return 0;
}

static void __exit racy_exit(void)
{
}

module_init(racy_init);
module_exit(racy_exit);
MODULE_LICENSE("GPL");
