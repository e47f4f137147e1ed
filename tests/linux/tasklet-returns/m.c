/* When tasklets run and what flags they see */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/interrupt.h>

static void run(struct tasklet_struct *t);
static DECLARE_TASKLET(t, run);
static DECLARE_TASKLET_DISABLED(off, run);
static int runs;
static void run(struct tasklet_struct *which)
{
	runs++;
	pr_info("run %d: in_softirq %d in_interrupt %d in_task %d\n", runs, !!in_softirq(), !!in_interrupt(), in_task());
}
static int __init start(void)
{
	tasklet_schedule(&t);
	tasklet_schedule(&t);
	msleep(20);
	pr_info("scheduled twice, ran %d\n", runs);
	tasklet_schedule(&off);
	msleep(20);
	pr_info("disabled, ran %d\n", runs);
	tasklet_enable(&off);
	msleep(20);
	pr_info("enabled, ran %d\n", runs);
	local_bh_disable();
	tasklet_schedule(&t);
	pr_info("bh off: %d in_softirq %d\n", runs, !!in_softirq());
	local_bh_enable();
	pr_info("bh on: %d\n", runs);
	tasklet_hi_schedule(&t);
	tasklet_kill(&t);
	pr_info("killed, ran %d\n", runs);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
	tasklet_kill(&off);
}
module_exit(finish);
MODULE_LICENSE("GPL");
