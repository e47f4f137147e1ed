/* What writing sysctl entries gives */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/sysctl.h>

static int number = 5, bounded = 3, flag = 1, low = 1, high = 9;
static unsigned long big = 10;
static char text[8] = "abc";
static int array[3] = { 1, 2, 3 };
static struct ctl_table table[] = {
	{ .procname = "number", .data = &number, .maxlen = sizeof(int), .mode = 0644, .proc_handler = proc_dointvec },
	{ .procname = "bounded", .data = &bounded, .maxlen = sizeof(int), .mode = 0644, .proc_handler = proc_dointvec_minmax, .extra1 = &low, .extra2 = &high },
	{ .procname = "flag", .data = &flag, .maxlen = sizeof(int), .mode = 0444, .proc_handler = proc_dointvec },
	{ .procname = "big", .data = &big, .maxlen = sizeof(long), .mode = 0644, .proc_handler = proc_doulongvec_minmax },
	{ .procname = "text", .data = text, .maxlen = sizeof(text), .mode = 0644, .proc_handler = proc_dostring },
	{ .procname = "array", .data = array, .maxlen = sizeof(array), .mode = 0644, .proc_handler = proc_dointvec },
	{ .procname = "ms", .data = &number, .maxlen = sizeof(int), .mode = 0644, .proc_handler = proc_dointvec_jiffies },
	{ }
};
static struct ctl_table_header *header;
static int __init start(void)
{
	header = register_sysctl("kloom", table);
	pr_info("table %d\n", !!header);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	unregister_sysctl_table(header);
}
module_exit(finish);
MODULE_LICENSE("GPL");
