/* An interrupt becomes a signal */
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static struct fasync_struct *readers;

static int async_fasync(int fd, struct file *file, int on)
{
	int ret = fasync_helper(fd, file, on, &readers);

	pr_info("fasync %s: %d, %s\n", on ? "on" : "off", ret, readers ? "somebody" : "nobody");
	return ret;
}

static int async_release(struct inode *inode, struct file *file)
{
	pr_info("release, flag %d\n", !!(file->f_flags & FASYNC));
	return 0;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.fasync = async_fasync,
	.release = async_release,
};

static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "async", .fops = &fops };

static irqreturn_t on_irq(int irq, void *dev)
{
	kill_fasync(&readers, SIGIO, POLL_IN);
	return IRQ_HANDLED;
}

static int __init start(void)
{
	int ret = request_irq(5, on_irq, 0, "async", NULL);

	if (ret)
		return ret;
	ret = misc_register(&misc);
	if (ret)
		free_irq(5, NULL);
	return ret;
}

static void __exit finish(void)
{
	misc_deregister(&misc);
	free_irq(5, NULL);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
