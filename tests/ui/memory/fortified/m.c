/* A copy past the end of an array within a larger block */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

struct entry {
	char number[11];
	struct entry *next;
};

static noinline void fill(struct entry *entry, const char *number)
{
	strcpy(entry->number, number); //~ ERROR bug-on
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
