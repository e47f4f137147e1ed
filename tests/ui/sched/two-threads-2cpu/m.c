/* Two threads at once on 2 CPUs */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/smp.h>

static struct task_struct *tasks[2];

static int work(void *data)
{
	long me = (long)data, round;

	for (round = 0; round < 3; round++) {
		pr_info("thread %ld round %ld on cpu %d\n", me, round, raw_smp_processor_id());
		mdelay(2);
		msleep(100 + 50 * me);
	}
	while (!kthread_should_stop())
		msleep(20);
	return me;
}

static int __init start(void)
{
	long i;

	for (i = 0; i < 2; i++) {
		tasks[i] = kthread_create(work, (void *)i, "pair/%ld", i);
		if (IS_ERR(tasks[i]))
			return PTR_ERR(tasks[i]);
		kthread_bind(tasks[i], i % num_online_cpus());
	}
	for (i = 0; i < 2; i++)
		wake_up_process(tasks[i]);
	return 0;
}

static void __exit finish(void)
{
	int i;

	for (i = 0; i < 2; i++)
		pr_info("pair/%d gave %d\n", i, kthread_stop(tasks[i]));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
