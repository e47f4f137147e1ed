/* Files of the machine that cannot be opened, read or written from the kernel */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/fs.h>
#include <linux/err.h>
#include <linux/uaccess.h>
#include <linux/namei.h>
#include <linux/kmod.h>

static void try(const char *name, int flags)
{
	struct file *f = filp_open(name, flags, 0600);

	pr_info("open %s %x: %d\n", name, flags, PTR_ERR_OR_ZERO(f));
	if (!IS_ERR(f))
		filp_close(f, NULL);
}
static int __init start(void)
{
	struct file *f;
	char buf[8] = "abcdefg";
	loff_t pos = 0;
	char *nosuch[] = { "/nosuch", NULL };

	try("/nosuch", O_RDONLY);
	try("/tmp", O_RDONLY);
	try("/tmp", O_WRONLY);
	try("/tmp/nosuch/file", O_RDWR | O_CREAT);
	try("", O_RDONLY);
	try("/tmp/kloomfile", O_RDWR | O_CREAT | O_EXCL);
	try("/tmp/kloomfile", O_RDWR | O_CREAT | O_EXCL);
	try("/tmp/kloomfile/x", O_RDONLY);
	try("/tmp/kloomfile", O_DIRECTORY);
	f = filp_open("/tmp/kloomfile", O_WRONLY, 0);
	pr_info("write %zd pos %lld\n", kernel_write(f, buf, 5, &pos), pos);
	pos = 0;
	pr_info("llseek end %lld\n", vfs_llseek(f, 0, SEEK_END));
	pr_info("llseek below %lld\n", vfs_llseek(f, -9, SEEK_SET));
	pr_info("llseek how %lld\n", vfs_llseek(f, 0, 77));
	filp_close(f, NULL);
	f = filp_open("/tmp/kloomfile", O_RDONLY, 0);
	pr_info("read %zd '%.5s'\n", kernel_read(f, buf, 8, &pos), buf);
	pr_info("read at end %zd\n", kernel_read(f, buf, 8, &pos));
	pos = -3;
	pr_info("read below %zd\n", kernel_read(f, buf, 8, &pos));
	filp_close(f, NULL);
	pr_info("module %d\n", request_module("kloom-nosuch-module") != 0);
	pr_info("helper %d\n", call_usermodehelper(nosuch[0], nosuch, NULL, UMH_WAIT_EXEC));
	pr_info("helper waited %d\n", call_usermodehelper(nosuch[0], nosuch, NULL, UMH_WAIT_PROC));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
