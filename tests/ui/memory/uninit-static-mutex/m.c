/* A static mutex without initialiser */
#include <linux/module.h>
#include <linux/mutex.h>

static struct mutex lock;
static int value;

static int __init start(void)
{
	mutex_lock(&lock); //~ ERROR uninit-object
	value++;
	mutex_unlock(&lock);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
