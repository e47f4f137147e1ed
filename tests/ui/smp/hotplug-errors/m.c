/* Callbacks that say no, old notifiers, and what cpuhp_setup_state() refuses */
#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

static int states[2];
static bool refuse = true;

static int comes(unsigned int cpu)
{
	pr_info("%u comes\n", cpu);
	return 0;
}

static int goes(unsigned int cpu)
{
	pr_info("%u goes\n", cpu);
	return 0;
}

static int refuses_one(unsigned int cpu)
{
	return cpu ? -ENODEV : 0;
}

static int may_refuse(unsigned int cpu)
{
	return refuse ? -EBUSY : 0;
}

static int old(struct notifier_block *nb, unsigned long action, void *hcpu)
{
	pr_info("action %lu for %ld\n", action, (long)hcpu);
	return NOTIFY_OK;
}

static struct notifier_block nb = { .notifier_call = old };

static ssize_t write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	refuse = false;
	return count;
}

static const struct proc_ops ops = { .proc_write = write };

static int __init start(void)
{
	pr_info("refused by one: %d\n", cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "one", refuses_one, goes));
	pr_info("no name: %d\n", cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, NULL, comes, goes));
	pr_info("no such state: %d\n", cpuhp_setup_state(9999, "far", comes, goes));
	states[0] = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "first", NULL, may_refuse);
	states[1] = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "second", comes, goes);
	pr_info("distinct: %d\n", states[0] != states[1] && states[0] > 0 && states[1] > 0);
	pr_info("taken: %d\n", cpuhp_setup_state_nocalls(states[1], "again", comes, goes));
	register_cpu_notifier(&nb); //~ NOTE removed-api
	proc_create("refuse", 0200, NULL, &ops);
	pr_info("add_cpu %d, remove_cpu(0) %d, remove_cpu(99) %d\n", add_cpu(1), remove_cpu(0), remove_cpu(99));
	return 0;
}

static void __exit finish(void)
{
	remove_proc_entry("refuse", NULL);
	unregister_cpu_notifier(&nb);
	cpuhp_remove_state(states[1]);
	cpuhp_remove_state_nocalls(states[0]);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
