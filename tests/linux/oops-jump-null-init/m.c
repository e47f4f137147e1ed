/* Calling through a NULL function pointer in insmod, a field of a structure */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

struct operations {
	int (*open)(int mode);
	int (*close)(void);
};
static struct operations operations = { .open = NULL };
static noinline int use(struct operations *with)
{
	return with->close() + 1;
}
static int __init start(void)
{
	int ret = use(&operations);

	pr_info("use %d\n", ret);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
