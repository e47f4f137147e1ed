/* A module that is referenced cannot be removed */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static int hold;
static int set(const char *val, const struct kernel_param *kp)
{
	if (val[0] == '1')
		pr_info("get %d\n", try_module_get(THIS_MODULE));
	else
		module_put(THIS_MODULE);
	pr_info("count %d\n", module_refcount(THIS_MODULE));
	return 0;
}
static const struct kernel_param_ops ops = { .set = set };
module_param_cb(hold, &ops, &hold, 0600);

static int __init start(void)
{
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
