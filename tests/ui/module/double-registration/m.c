/* A misc device is registered on each start */
#include <linux/module.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>

static const struct file_operations fops = { .owner = THIS_MODULE };
static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "demo", .fops = &fops };

static int begin(void)
{
	return misc_register(&misc); //~ ERROR double-registration
}

static int __init start(void)
{
	pr_info("first: %d\n", begin());
	pr_info("second: %d\n", begin());
	return 0;
}

static void __exit finish(void)
{
	misc_deregister(&misc);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
