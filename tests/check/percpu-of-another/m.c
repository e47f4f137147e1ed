/* Threads on two CPUs count in the variable of the first CPU */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/percpu.h>

static DEFINE_PER_CPU(long, hits);
static struct task_struct *tasks[2];

static int count(void *unused)
{
	*per_cpu_ptr(&hits, 0) += 1;
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init start(void)
{
	int cpu;

	for (cpu = 0; cpu < 2; cpu++) {
		tasks[cpu] = kthread_create(count, NULL, "count/%d", cpu);
		if (IS_ERR(tasks[cpu])) {
			if (cpu)
				kthread_stop(tasks[0]);
			return PTR_ERR(tasks[cpu]);
		}
		kthread_bind(tasks[cpu], cpu);
	}
	wake_up_process(tasks[0]);
	wake_up_process(tasks[1]);
	/* A look from elsewhere is no harm: what is a little old is good enough */
	pr_info("%ld so far\n", per_cpu(hits, 0) + per_cpu(hits, 1));
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
	pr_info("%ld\n", per_cpu(hits, 0) + per_cpu(hits, 1));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
