/* Tasklets, with the function of either age */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/timer.h>

static void new_way(struct tasklet_struct *t)
{
	pr_info("new way in %.9s, softirq %d, task %d\n", current->comm, !!in_serving_softirq(), !!in_task());
}
static DECLARE_TASKLET(new_tasklet, new_way);

static void old_way(unsigned long data)
{
	pr_info("old way with %lu\n", data);
}
static struct tasklet_struct old_tasklet;

static void tick(struct timer_list *t)
{
	pr_info("timer schedules\n");
	tasklet_schedule(&old_tasklet);
	pr_info("timer returns\n");
}
static DEFINE_TIMER(timer, tick);

static int __init start(void)
{
	tasklet_init(&old_tasklet, old_way, 42);
	tasklet_schedule(&new_tasklet);
	tasklet_schedule(&new_tasklet);
	pr_info("scheduled\n");
	msleep(10);
	tasklet_disable(&new_tasklet);
	tasklet_schedule(&new_tasklet);
	msleep(10);
	pr_info("enable\n");
	tasklet_enable(&new_tasklet);
	mod_timer(&timer, jiffies + HZ / 2);
	return 0;
}

static void __exit finish(void)
{
	del_timer_sync(&timer);
	tasklet_kill(&new_tasklet);
	tasklet_kill(&old_tasklet);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
