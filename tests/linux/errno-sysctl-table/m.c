/* Sysctl tables that are refused */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/sysctl.h>

static int number = 5;
static struct ctl_table table[] = {
	{ .procname = "number", .data = &number, .maxlen = sizeof(int), .mode = 0644, .proc_handler = proc_dointvec },
	{ }
};
static struct ctl_table bad_mode[] = {
	{ .procname = "bad", .data = &number, .maxlen = sizeof(int), .mode = 01644, .proc_handler = proc_dointvec }, { }
};
static struct ctl_table no_data[] = {
	{ .procname = "nodata", .maxlen = sizeof(int), .mode = 0644, .proc_handler = proc_dointvec }, { }
};
static struct ctl_table no_handler[] = {
	{ .procname = "nohandler", .data = &number, .maxlen = sizeof(int), .mode = 0644 }, { }
};
static struct ctl_table twice[] = {
	{ .procname = "ostype", .data = &number, .maxlen = sizeof(int), .mode = 0644, .proc_handler = proc_dointvec }, { }
};
static struct ctl_table_header *header;
static int __init start(void)
{
	header = register_sysctl("kloom", table);
	pr_info("table %d\n", !!header);
	pr_info("mode %d\n", !!register_sysctl("kloom", bad_mode));
	pr_info("no data %d\n", !!register_sysctl("kloom", no_data));
	pr_info("no handler %d\n", !!register_sysctl("kloom", no_handler));
	pr_info("same table %d\n", !!register_sysctl("kloom", table));
	pr_info("taken %d\n", !!register_sysctl("kernel", twice));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	unregister_sysctl_table(header);
}
module_exit(finish);
MODULE_LICENSE("GPL");
