/* A thread for CPU 2, a timer on it, and callbacks of two kinds */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/timer.h>

static struct task_struct *thread;
static struct timer_list timer;
static int prepare, online;

static int cpu_prepare(unsigned int cpu)
{
	pr_info("prepare %u\n", cpu);
	return 0;
}

static int cpu_gone(unsigned int cpu)
{
	pr_info("gone %u, %u left\n", cpu, num_online_cpus());
	return 0;
}

static int cpu_comes(unsigned int cpu)
{
	pr_info("%s: %u comes\n", current->comm, cpu);
	WARN_ON(cpu != smp_processor_id());
	return 0;
}

static int cpu_goes(unsigned int cpu)
{
	pr_info("%s: %u goes\n", current->comm, cpu);
	WARN_ON(cpu != smp_processor_id());
	return 0;
}

static void tick(struct timer_list *t)
{
	pr_info("timer on %u\n", smp_processor_id());
}

static int work(void *data)
{
	while (!kthread_should_stop()) {
		pr_info("thread on %u\n", smp_processor_id());
		msleep(400);
	}
	return 0;
}

static int __init start(void)
{
	prepare = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "test/m:prepare", cpu_prepare, cpu_gone);
	if (prepare < 0)
		return prepare;
	online = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "test/m:online", cpu_comes, cpu_goes);
	if (online < 0) {
		cpuhp_remove_state_nocalls(prepare);
		return online;
	}
	timer_setup(&timer, tick, 0);
	timer.expires = jiffies + HZ / 2;
	add_timer_on(&timer, 2);
	thread = kthread_create(work, NULL, "on-two");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	kthread_bind(thread, 2);
	wake_up_process(thread);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(thread);
	del_timer_sync(&timer);
	cpuhp_remove_state(online);
	cpuhp_remove_state_nocalls(prepare);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
