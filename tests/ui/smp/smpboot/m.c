/* smpboot_register_percpu_thread(): setup, work, park, unpark, cleanup */
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/smpboot.h>

static DEFINE_PER_CPU(struct task_struct *, thread);
static DEFINE_PER_CPU(int, wanted);

static int should_run(unsigned int cpu)
{
	return per_cpu(wanted, cpu);
}

static void run(unsigned int cpu)
{
	per_cpu(wanted, cpu) = 0;
	pr_info("%s works on %u\n", current->comm, smp_processor_id());
}

static void setup(unsigned int cpu)
{
	pr_info("setup %u\n", cpu);
}

static void create(unsigned int cpu)
{
	pr_info("create %u\n", cpu);
}

static void cleanup(unsigned int cpu, bool online)
{
	pr_info("cleanup %u %d\n", cpu, online);
}

static void park(unsigned int cpu)
{
	pr_info("park %u\n", cpu);
}

static void unpark(unsigned int cpu)
{
	pr_info("unpark %u\n", cpu);
	per_cpu(wanted, cpu) = 1;
}

static struct smp_hotplug_thread threads = {
	.store = &thread,
	.thread_should_run = should_run,
	.thread_fn = run,
	.create = create,
	.setup = setup,
	.cleanup = cleanup,
	.park = park,
	.unpark = unpark,
	.thread_comm = "mine/%u",
};

static int __init start(void)
{
	int cpu, ret = smpboot_register_percpu_thread(&threads);

	if (ret)
		return ret;
	for_each_online_cpu(cpu) {
		per_cpu(wanted, cpu) = 1;
		wake_up_process(per_cpu(thread, cpu));
	}
	return 0;
}

static void __exit finish(void)
{
	smpboot_unregister_percpu_thread(&threads);
	pr_info("left: %d\n", per_cpu(thread, 0) || per_cpu(thread, 1));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
