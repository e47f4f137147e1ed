/* Two threads at once on 1 CPU */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static struct task_struct *task[2];
static int work(void *data)
{
	long me = (long)data, round;
	for (round = 0; round < 3; round++) {
		pr_info("thread %ld round %ld\n", me, round);
		msleep(100 + 50 * me);
	}
	while (!kthread_should_stop())
		msleep(20);
	return me;
}
static int __init start(void)
{
	long i;
	for (i = 0; i < 2; i++)
		task[i] = kthread_run(work, (void *)i, "pair/%ld", i);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	int i;
	for (i = 0; i < 2; i++)
		pr_info("pair/%d gave %d\n", i, kthread_stop(task[i]));
}
module_exit(finish);
MODULE_LICENSE("GPL");
