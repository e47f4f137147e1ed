/* Calls between CPUs, and memory per CPU */
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/smp.h>

static DEFINE_PER_CPU(int, calls);
static int __percpu *more;

static void called(void *info)
{
	this_cpu_inc(calls);
	*this_cpu_ptr(more) += 10;
	WARN_ON(!irqs_disabled());
}

static void where(void *info)
{
	*(int *)info = smp_processor_id();
}

static int __init start(void)
{
	int cpu, sum = 0, at = -1;

	more = alloc_percpu(int);
	if (!more)
		return -ENOMEM;
	on_each_cpu(called, NULL, 1);
	smp_call_function(called, NULL, 1);
	for_each_possible_cpu(cpu)
		sum += per_cpu(calls, cpu) + *per_cpu_ptr(more, cpu);
	pr_info("%u CPUs, sum %d\n", num_online_cpus(), sum);
	smp_call_function_single(2, where, &at, 1);
	pr_info("called on %d, nowhere %d\n", at, smp_call_function_single(99, where, &at, 1));
	return 0;
}

static void __exit finish(void)
{
	free_percpu(more);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
