/* A function of the module's own named kthread_exit(), which Linux has since 5.17; and an init without void */
#include <linux/module.h>
#include <linux/kthread.h>

static int __init kthread_init()
{
	printk(KERN_INFO "started\n");
	return 0;
}

static void __exit kthread_exit()
{
	printk(KERN_INFO "gone\n");
}
module_init(kthread_init);
module_exit(kthread_exit);
MODULE_LICENSE("GPL");
