/* The student's half: sets the pointers that the other module exports */
#include <linux/module.h>
#include <linux/uaccess.h>

extern long (*STUB_greet)(const char __user *, int);

static long greet(const char __user *name, int times)
{
	char text[16];
	long n = strncpy_from_user(text, name, sizeof(text));

	if (n < 0)
		return n;
	if (times < 0)
		return -EINVAL;
	while (times--)
		pr_info("hello, %s\n", text);
	return n;
}

static int __init start(void)
{
	STUB_greet = greet;
	return 0;
}

static void __exit finish(void)
{
	STUB_greet = NULL;
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
