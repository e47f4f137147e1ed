/* Once */
#include <linux/module.h>
#include <linux/semaphore.h>

static DEFINE_SEMAPHORE(lock);

static int __init start(void)
{
	down(&lock);
	up(&lock);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
