/* It is registered once */
#include <linux/module.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>

static const struct file_operations fops = { .owner = THIS_MODULE };
static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "demo", .fops = &fops };

static int begin(void)
{
	return misc_register(&misc);
}

static int __init start(void)
{
	pr_info("first: %d\n", begin());
	return 0;
}

static void __exit finish(void)
{
	misc_deregister(&misc);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
