/* Every level, KERN_CONT, lines without an end, long lines */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

static int __init start(void)
{
	char *text;
	int given;
	pr_emerg("emerg\n");
	pr_alert("alert\n");
	pr_crit("crit\n");
	pr_err("err\n");
	pr_warn("warn\n");
	pr_notice("notice\n");
	pr_info("info\n");
	pr_debug("debug\n");
	printk(KERN_DEBUG "debug level\n");
	printk("no level\n");
	printk("a");
	printk("b\n");
	printk("c");
	pr_cont("d");
	pr_cont("e\n");
	pr_info("one\ntwo\nthree\n");
	pr_info("\n");
	printk("%s", "");
	pr_info("tab\there\x01\x7f\xc3\xa9 end\n");
	given = printk("12345\n");
	pr_info("gave %d\n", given);
	text = kmalloc(2000, GFP_KERNEL);
	memset(text, 'x', 1999);
	text[1999] = 0;
	pr_info("%s\n", text);
	kfree(text);
	pr_info("unended");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	pr_info("after it\n");
}
module_exit(finish);
MODULE_LICENSE("GPL");
