/* It gives it back */
#include <linux/module.h>
#include <linux/semaphore.h>

static DEFINE_SEMAPHORE(lock);
static int limit = 1;

static int count(int by)
{
	down(&lock);
	if (by > limit) {
		up(&lock);
		return -ERANGE;
	}
	pr_info("counted %d\n", by);
	up(&lock);
	return 0;
}

static int __init start(void)
{
	pr_info("%d\n", count(1));
	pr_info("%d\n", count(2));
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
