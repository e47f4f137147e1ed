/* One file of each kind */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sysctl.h>

static int number = 42, three[3] = { 1, 2, 3 }, percent = 50, hundred = 100, seconds, constant = 6, below;
static unsigned int natural = 8;
static unsigned long large = 20, ten = 10;
static char name[8] = "first";
static bool flag;

static int told(struct ctl_table *ctl, int write, void *buffer, size_t *lenp, loff_t *ppos)
{
	int ret = proc_dointvec(ctl, write, buffer, lenp, ppos);

	if (write)
		pr_info("%s is now %d: %d\n", ctl->procname, *(int *)ctl->data, ret);
	return ret;
}

static struct ctl_table deep_table[] = {
	{ .procname = "below", .data = &below, .maxlen = sizeof(int), .mode = 0644, .proc_handler = told },
	{}
};

static struct ctl_table table[] = {
	{ .procname = "number", .data = &number, .maxlen = sizeof(int), .mode = 0644, .proc_handler = proc_dointvec },
	{ .procname = "three", .data = three, .maxlen = sizeof(three), .mode = 0644, .proc_handler = proc_dointvec },
	{ .procname = "percent", .data = &percent, .maxlen = sizeof(int), .mode = 0644,
	  .proc_handler = proc_dointvec_minmax, .extra1 = SYSCTL_ZERO, .extra2 = &hundred },
	{ .procname = "unsigned", .data = &natural, .maxlen = sizeof(int), .mode = 0644, .proc_handler = proc_douintvec },
	{ .procname = "large", .data = &large, .maxlen = sizeof(long), .mode = 0644,
	  .proc_handler = proc_doulongvec_minmax, .extra1 = &ten },
	{ .procname = "seconds", .data = &seconds, .maxlen = sizeof(int), .mode = 0644,
	  .proc_handler = proc_dointvec_jiffies },
	{ .procname = "name", .data = name, .maxlen = sizeof(name), .mode = 0644, .proc_handler = proc_dostring },
	{ .procname = "flag", .data = &flag, .maxlen = sizeof(int), .mode = 0644, .proc_handler = proc_dobool },
	{ .procname = "constant", .data = &constant, .maxlen = sizeof(int), .mode = 0444, .proc_handler = proc_dointvec },
	{}
};

static struct ctl_table root[] = {
	{ .procname = "kloom", .mode = 0555, .child = deep_table },
	{}
};

static struct ctl_table handlerless[] = {
	{ .procname = "nobody", .data = &number, .maxlen = sizeof(int), .mode = 0644 },
	{}
};

static struct ctl_table dataless[] = {
	{ .procname = "nothing", .mode = 0644, .proc_handler = proc_dointvec },
	{}
};

static struct ctl_table_header *header, *old, *deep;

static int __init start(void)
{
	header = register_sysctl("kloom", table);
	if (!header)
		return -ENOMEM;
	deep = register_sysctl("kloom/deep", deep_table);
	old = register_sysctl_table(root);
	pr_info("again %d, no handler %d, no data %d\n", !register_sysctl("kloom", table),
		!register_sysctl("kloom", handlerless), !register_sysctl("kloom", dataless));
	return 0;
}

static void __exit finish(void)
{
	pr_info("%d seconds\n", seconds / HZ);
	unregister_sysctl_table(old);
	unregister_sysctl_table(deep);
	unregister_sysctl_table(header);
	unregister_sysctl_table(NULL);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
