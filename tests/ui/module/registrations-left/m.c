/* One of each thing stays registered */
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
	if (misc_register(&misc)) //~ ERROR leak-registration
		return -ENODEV;
	alloc_chrdev_region(&numbers, 0, 1, "demo_numbers"); //~ ERROR leak-registration
	cdev_init(&cdev, &fops);
	cdev_add(&cdev, numbers, 1); //~ ERROR leak-registration
	major = register_chrdev(0, "demo_major", &fops); //~ ERROR leak-registration
	class = class_create(THIS_MODULE, "demo_class"); //~ ERROR leak-registration
	device_create(class, NULL, numbers, NULL, "demo_device"); //~ ERROR leak-registration
	dir = debugfs_create_dir("demo_dir", NULL); //~ ERROR leak-registration
	debugfs_create_u32("value", 0644, dir, &value);
	object = kobject_create_and_add("demo_object", kernel_kobj); //~ ERROR leak-registration
	register_reboot_notifier(&notifier); //~ ERROR leak-registration
	if (request_irq(10, handle, IRQF_SHARED, "demo_irq", &cdev)) //~ ERROR leak-registration
		pr_info("no interrupt\n");
	cache = kmem_cache_create("demo_cache", 32, 0, 0, NULL); //~ ERROR leak-registration
	return 0;
}

static void __exit finish(void)
{
	pr_info("bye\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
