/* filp_open() gives an error pointer, the module tests for NULL and reads from it */
#include <linux/module.h>
#include <linux/fs.h>

static int __init start(void)
{
	struct file *file = filp_open("/no/such/file", O_RDONLY, 0);
	char text[8];
	loff_t pos = 0;

	if (!file)
		return -ENOENT;
	kernel_read(file, text, sizeof(text), &pos); //~ ERROR err-ptr-misuse
	filp_close(file, NULL);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
