/* Each is unregistered, in the reverse order */
#include <linux/module.h>
#include <linux/cdev.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/kobject.h>
#include <linux/miscdevice.h>
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/slab.h>

static const struct file_operations fops = { .owner = THIS_MODULE };
static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "demo_misc", .fops = &fops };
static struct class *class;
static struct cdev cdev;
static dev_t numbers;
static int major;
static struct dentry *dir;
static struct kobject *object;
static struct kmem_cache *cache;
static u32 value;

static int told(struct notifier_block *block, unsigned long event, void *data)
{
	return NOTIFY_OK;
}
static struct notifier_block notifier = { .notifier_call = told };

static irqreturn_t handle(int irq, void *data)
{
	return IRQ_HANDLED;
}

static int __init start(void)
{
	if (misc_register(&misc))
		return -ENODEV;
	alloc_chrdev_region(&numbers, 0, 1, "demo_numbers");
	cdev_init(&cdev, &fops);
	cdev_add(&cdev, numbers, 1);
	major = register_chrdev(0, "demo_major", &fops);
	class = class_create(THIS_MODULE, "demo_class");
	device_create(class, NULL, numbers, NULL, "demo_device");
	dir = debugfs_create_dir("demo_dir", NULL);
	debugfs_create_u32("value", 0644, dir, &value);
	object = kobject_create_and_add("demo_object", kernel_kobj);
	register_reboot_notifier(&notifier);
	if (request_irq(10, handle, IRQF_SHARED, "demo_irq", &cdev))
		pr_info("no interrupt\n");
	cache = kmem_cache_create("demo_cache", 32, 0, 0, NULL);
	return 0;
}

static void __exit finish(void)
{
	kmem_cache_destroy(cache);
	free_irq(10, &cdev);
	unregister_reboot_notifier(&notifier);
	kobject_put(object);
	debugfs_remove(dir);
	device_destroy(class, numbers);
	class_destroy(class);
	unregister_chrdev(major, "demo_major");
	cdev_del(&cdev);
	unregister_chrdev_region(numbers, 1);
	misc_deregister(&misc);
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
