/* A module that takes itself off the list of modules */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/kobject.h>

static int __init start(void)
{
	list_del_init(&THIS_MODULE->list);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
