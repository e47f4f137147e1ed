/* The lock is released first */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static DEFINE_SPINLOCK(lock);
static struct task_struct *thread;

static void tick(struct timer_list *unused)
{
	spin_lock_bh(&lock);
	pr_info("tick\n");
	spin_unlock_bh(&lock);
}
static DEFINE_TIMER(timer, tick);

static int stop_it(void *unused)
{
	spin_lock_bh(&lock);
	mdelay(20);
	spin_unlock_bh(&lock);
	del_timer_sync(&timer);
	while (!kthread_should_stop())
		msleep(10);
	return 0;
}

static int __init start(void)
{
	thread = kthread_create(stop_it, NULL, "stopper");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	kthread_bind(thread, 1);
	mod_timer(&timer, jiffies + 1);
	wake_up_process(thread);
	msleep(100);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(thread);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
