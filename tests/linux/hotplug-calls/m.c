/* What a module hears when a CPU goes and comes back */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/smp.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/delay.h>
#include <linux/smpboot.h>
#include <linux/percpu.h>

static enum cpuhp_state state;
static int online(unsigned int cpu)
{
	pr_info("online %u on %u\n", cpu, smp_processor_id());
	return 0;
}
static int offline(unsigned int cpu)
{
	pr_info("offline %u\n", cpu);
	return 0;
}
static DEFINE_PER_CPU(struct task_struct *, thread);
static int should_run(unsigned int cpu)
{
	return 0;
}
static void run(unsigned int cpu)
{
}
static void setup(unsigned int cpu)
{
	pr_info("setup %u %s\n", cpu, current->comm);
}
static void cleanup(unsigned int cpu, bool online)
{
	pr_info("cleanup %u online %d\n", cpu, online);
}
static void park(unsigned int cpu)
{
	pr_info("park %u\n", cpu);
}
static void unpark(unsigned int cpu)
{
	pr_info("unpark %u\n", cpu);
}
static struct smp_hotplug_thread threads = {
	.store = &thread, .thread_should_run = should_run, .thread_fn = run, .thread_comm = "kloompc/%u",
	.setup = setup, .cleanup = cleanup, .park = park, .unpark = unpark,
};
static int __init start(void)
{
	int ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "kloom:online", online, offline);

	pr_info("setup %d\n", ret > 0);
	state = ret;
	pr_info("threads %d\n", smpboot_register_percpu_thread(&threads));
	msleep(50);
	return 0;
}
static void __exit finish(void)
{
	smpboot_unregister_percpu_thread(&threads);
	cpuhp_remove_state(state);
	pr_info("gone\n");
}
module_exit(finish);
module_init(start);
MODULE_LICENSE("GPL");
