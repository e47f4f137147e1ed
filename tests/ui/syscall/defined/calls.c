/* The kernel's own file of such a project, as a module: the calls, and the pointers that another module sets */
#include <linux/module.h>
#include <linux/syscalls.h>

long (*STUB_greet)(const char __user *, int) = NULL;
EXPORT_SYMBOL(STUB_greet);

SYSCALL_DEFINE2(greet, const char __user *, name, int, times)
{
	pr_info("greet: %s\n", STUB_greet ? "passed on" : "nobody");
	return STUB_greet ? STUB_greet(name, times) : -ENOSYS;
}

long (*plain)(long) = NULL;
EXPORT_SYMBOL(plain);

static int __init start(void)
{
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
