/* Copies to and from addresses that are not the user's */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/fs.h>

static char buffer[64];
static ssize_t take(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	char *p, small[4];
	int value = 7;
	void __user *null = NULL, *high = (void __user *)0xffff888000000000UL, *hole = (void __user *)0x10UL;

	memset(buffer, 'x', sizeof(buffer));
	pr_info("from user %lu '%.3s'\n", copy_from_user(buffer, from, 3), buffer);
	pr_info("from null %lu first %d\n", copy_from_user(buffer, null, 10), buffer[0]);
	pr_info("from high %lu\n", copy_from_user(buffer, high, 10));
	pr_info("from hole %lu\n", copy_from_user(buffer, hole, 10));
	pr_info("nothing from null %lu\n", copy_from_user(buffer, null, 0));
	pr_info("to null %lu\n", copy_to_user(null, buffer, 5));
	pr_info("to high %lu\n", copy_to_user(high, buffer, 5));
	pr_info("clear null %lu\n", clear_user(null, 9));
	pr_info("get null %d value %d\n", get_user(value, (int __user *)null), value);
	pr_info("get high %d\n", get_user(value, (int __user *)high));
	pr_info("put null %d\n", put_user(3, (int __user *)null));
	pr_info("strncpy null %ld\n", strncpy_from_user(buffer, null, 8));
	pr_info("strncpy %ld '%.4s'\n", strncpy_from_user(small, from, 4), small);
	pr_info("strnlen null %ld\n", strnlen_user(null, 8));
	pr_info("access %d %d %d\n", access_ok(from, size), access_ok(high, 1), access_ok(null, -1UL));
	p = memdup_user(null, 8);
	pr_info("memdup null %ld\n", PTR_ERR(p));
	p = memdup_user_nul(from, 3);
	pr_info("memdup_nul '%s'\n", IS_ERR(p) ? "?" : p);
	kfree(p);
	p = strndup_user(from, 2);
	pr_info("strndup too long %ld\n", PTR_ERR(p));
	p = strndup_user(null, 2);
	pr_info("strndup null %ld\n", PTR_ERR(p));
	return size;
}
static ssize_t give(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	loff_t below = -1, past = 99, zero = 0;
	char text[8];

	pr_info("below %zd\n", simple_read_from_buffer(to, size, &below, "text", 4));
	pr_info("past %zd\n", simple_read_from_buffer(to, size, &past, "text", 4));
	pr_info("to null %zd\n", simple_read_from_buffer(NULL, size, &zero, "text", 4));
	pr_info("part %zd pos %lld\n", simple_read_from_buffer(to, 3, &zero, "text", 4), zero);
	pr_info("write past %zd\n", simple_write_to_buffer(text, 8, &past, to, 3));
	zero = 6;
	pr_info("write part %zd pos %lld\n", simple_write_to_buffer(text, 8, &zero, to, 5), zero);
	return -EFAULT;
}
static const struct proc_ops ops = { .proc_write = take, .proc_read = give };
static int __init start(void)
{
	return proc_create("kloomuser", 0600, NULL, &ops) ? 0 : -ENOMEM;
}
module_init(start);
static void __exit finish(void)
{
	remove_proc_entry("kloomuser", NULL);
}
module_exit(finish);
MODULE_LICENSE("GPL");
