/* Which readers synchronize_srcu waits for, and in which order callbacks come */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include <linux/srcu.h>

DEFINE_STATIC_SRCU(srcu);
static struct rcu_head heads[3];
static int early, late;
static void called(struct rcu_head *head)
{
	pr_info("callback %d, early %d\n", (int)(head - heads), early);
}
static int early_reader(void *data)
{
	int idx = srcu_read_lock(&srcu);

	early = 1;
	msleep(200);
	pr_info("the early reader leaves\n");
	early = 2;
	srcu_read_unlock(&srcu, idx);
	return 0;
}
static int late_reader(void *data)
{
	int idx;

	msleep(120);
	idx = srcu_read_lock(&srcu);
	late = 1;
	msleep(280);
	late = 2;
	srcu_read_unlock(&srcu, idx);
	return 0;
}
static int __init start(void)
{
	int a, b, i;

	a = srcu_read_lock(&srcu);
	b = srcu_read_lock(&srcu);
	pr_info("nested indexes equal %d, held\n", a == b);
	srcu_read_unlock(&srcu, b);
	srcu_read_unlock(&srcu, a);
	synchronize_srcu(&srcu);
	pr_info("nobody inside: it came back\n");

	kthread_run(early_reader, NULL, "early");
	kthread_run(late_reader, NULL, "late");
	msleep(50);
	synchronize_srcu(&srcu);
	pr_info("waited for a reader: early %d late %d\n", early, late);
	msleep(400);

	early = late = 0;
	kthread_run(early_reader, NULL, "early");
	msleep(50);
	for (i = 0; i < ARRAY_SIZE(heads); i++)
		call_srcu(&srcu, &heads[i], called);
	pr_info("three calls put in\n");
	srcu_barrier(&srcu);
	pr_info("after the barrier: early %d\n", early);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
