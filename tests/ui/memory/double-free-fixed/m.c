/* Repaired: an error path and the exit function both free the buffer */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *buffer;

static int __init start(void)
{
	buffer = kmalloc(100, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	if (strscpy(buffer, "hello", 100) != 100) {
		kfree(buffer);
		buffer = NULL;
	}
	return 0;
}

static void __exit finish(void)
{
	kfree(buffer);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
