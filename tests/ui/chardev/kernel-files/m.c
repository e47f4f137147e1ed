/* Copies a file from inside the kernel */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>

static int __init start(void)
{
	struct file *in, *out, *none;
	char buf[64] = "";
	loff_t pos = 0, at = 0;
	ssize_t n;

	none = filp_open("/tmp/nothing", O_RDONLY, 0);
	pr_info("missing %ld, directory %ld, through a file %ld\n", PTR_ERR(none),
		PTR_ERR(filp_open("/tmp", O_WRONLY, 0)), PTR_ERR(filp_open("/tmp/in/x", O_RDONLY, 0)));
	in = filp_open("/tmp/in", O_RDONLY, 0);
	if (IS_ERR(in))
		return PTR_ERR(in);
	out = filp_open("/tmp/out", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (IS_ERR(out)) {
		filp_close(in, NULL);
		return PTR_ERR(out);
	}
	n = kernel_read(in, buf, sizeof(buf) - 1, &pos);
	pr_info("read %zd: %s", n, buf);
	pr_info("at the end %zd, position %lld\n", kernel_read(in, buf, 8, &pos), pos);
	pr_info("written %zd", kernel_write(out, "kernel: ", 8, &at));
	pr_cont(" %zd, position %lld\n", kernel_write(out, buf, n, &at), at);
	pr_info("read-only %zd, write-only %zd\n", kernel_write(in, "x", 1, &pos), kernel_read(out, buf, 1, &at));
	filp_close(out, NULL);
	filp_close(in, NULL);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
