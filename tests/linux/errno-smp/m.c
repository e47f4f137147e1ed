/* CPUs that are not there */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/smp.h>
#include <linux/cpumask.h>
#include <linux/cpu.h>
#include <linux/kthread.h>
#include <linux/workqueue.h>
#include <linux/sched.h>
#include <linux/err.h>
#include <linux/stop_machine.h>

static void call(void *data)
{
	pr_info("called, irqs off %d\n", irqs_disabled());
}
static long long_call(void *data)
{
	return 5;
}
static int stop(void *data)
{
	pr_info("stopped, irqs off %d\n", irqs_disabled());
	return -7;
}
static int idle(void *data)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}
static int up(unsigned int cpu)
{
	return -ENODEV;
}
static int __init start(void)
{
	struct cpumask none;
	struct task_struct *t;

	cpumask_clear(&none);
	pr_info("call here %d\n", smp_call_function_single(0, call, NULL, 1));
	pr_info("call on 63 %d\n", smp_call_function_single(63, call, NULL, 1));
	pr_info("call on nr_cpu_ids %d\n", smp_call_function_single(nr_cpu_ids, call, NULL, 1));
	pr_info("call any of none %d\n", smp_call_function_any(&none, call, NULL, 1));
	pr_info("work_on_cpu %ld\n", work_on_cpu(0, long_call, NULL));
	pr_info("stop_machine %d\n", stop_machine(stop, NULL, NULL));
	t = kthread_create(idle, NULL, "kloomidle");
	pr_info("no cpus %d\n", set_cpus_allowed_ptr(t, &none));
	kthread_bind(t, 0);
	pr_info("bound thread %d\n", set_cpus_allowed_ptr(t, cpu_online_mask));
	wake_up_process(t);
	kthread_stop(t);
	pr_info("cpuhp start that fails %d\n", cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "kloom:a", up, NULL));
	pr_info("cpuhp without calls %d\n", cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "kloom:b", up, NULL) >= CPUHP_AP_ONLINE_DYN);
	pr_info("cpuhp bad state %d\n", cpuhp_setup_state_nocalls(CPUHP_ONLINE + 1000, "kloom:c", up, NULL));
	cpuhp_remove_state_nocalls(CPUHP_AP_ONLINE_DYN);
	pr_info("remove_cpu 63 %d\n", 0);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
