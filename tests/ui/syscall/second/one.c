/* The first of two modules sets the pointer of the same system call */
#include <linux/module.h>

extern long (*STUB_answer)(void);

static long answer(void)
{
	return 1;
}

static int __init start(void)
{
	STUB_answer = answer;
	return 0;
}

static void __exit finish(void)
{
	if (STUB_answer == answer)
		STUB_answer = NULL;
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
