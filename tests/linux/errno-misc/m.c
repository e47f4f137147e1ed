/* Misc devices registered twice, and removed when they are not there */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>

static const struct file_operations fops = { .owner = THIS_MODULE };
static struct miscdevice a = { .minor = MISC_DYNAMIC_MINOR, .name = "kloommisc", .fops = &fops };
static struct miscdevice same_name = { .minor = MISC_DYNAMIC_MINOR, .name = "kloommisc", .fops = &fops };
static struct miscdevice fixed = { .minor = 235, .name = "kloomfixed", .fops = &fops };
static struct miscdevice same_minor = { .minor = 235, .name = "kloomminor", .fops = &fops };
static int __init start(void)
{
	pr_info("register %d\n", misc_register(&a));
	pr_info("same name %d\n", misc_register(&same_name));
	pr_info("same name's minor is dynamic again %d\n", same_name.minor == MISC_DYNAMIC_MINOR);
	pr_info("fixed %d\n", misc_register(&fixed));
	pr_info("same minor %d\n", misc_register(&same_minor));
	misc_deregister(&fixed);
	pr_info("minor free again %d\n", misc_register(&same_minor));
	misc_deregister(&same_minor);
	misc_deregister(&a);
	pr_info("minor dynamic after %d\n", a.minor == MISC_DYNAMIC_MINOR);
	pr_info("register again %d\n", misc_register(&a));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	misc_deregister(&a);
}
module_exit(finish);
MODULE_LICENSE("GPL");
