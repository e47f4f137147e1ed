/* It deregisters the device */
#include <linux/module.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/slab.h>

static const struct file_operations fops = { .owner = THIS_MODULE };
static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "demo", .fops = &fops };

static int start_engine(void)
{
	return -EIO;
}

static int __init start(void)
{
	int ret = misc_register(&misc);

	if (ret) {
		pr_info("no engine: %d\n", ret);
		misc_deregister(&misc);
		misc.minor = MISC_DYNAMIC_MINOR;
		return misc_register(&misc);
	}
	ret = start_engine();
	if (ret) {
		pr_info("no engine: %d\n", ret);
		misc_deregister(&misc);
		misc.minor = MISC_DYNAMIC_MINOR;
		return misc_register(&misc);
	}
	return 0;
}

static void __exit finish(void)
{
	misc_deregister(&misc);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
