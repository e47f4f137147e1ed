/* The copy ends where the array does */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

struct entry {
	char number[11];
	struct entry *next;
};

static noinline void fill(struct entry *entry, const char *number)
{
	strscpy(entry->number, number, sizeof(entry->number));
}

static int __init start(void)
{
	struct entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		return -ENOMEM;
	fill(entry, "01157133430");
	pr_info("%s\n", entry->number);
	kfree(entry);
	return 0;
}
module_init(start);
MODULE_LICENSE("GPL");
