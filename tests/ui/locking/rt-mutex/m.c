/* Low holds, high waits, middle would keep low off the CPU for ever without inheritance */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rtmutex.h>
#include <linux/sched/signal.h>

static DEFINE_RT_MUTEX(lock);
static DECLARE_COMPLETION(held);
static struct task_struct *low, *middle, *high, *signalled;

static int low_work(void *data)
{
	int i;

	rt_mutex_lock(&lock);
	complete(&held);
	for (i = 0; i < 20; i++) {
		mdelay(1);
		cond_resched();
	}
	pr_info("low: prio %d, normally %d\n", current->prio, current->normal_prio);
	rt_mutex_unlock(&lock);
	pr_info("low: prio %d\n", current->prio);
	return 0;
}

static int high_work(void *data)
{
	rt_mutex_lock(&lock);
	pr_info("high has it, trylock %d, locked %d\n", rt_mutex_trylock(&lock), rt_mutex_is_locked(&lock));
	msleep(50);
	rt_mutex_unlock(&lock);
	return 0;
}

static int middle_work(void *data)
{
	msleep(5);
	mdelay(100);
	pr_info("middle is done\n");
	return 0;
}

static int signalled_work(void *data)
{
	allow_signal(SIGUSR1);
	pr_info("interrupted: %d\n", rt_mutex_lock_interruptible(&lock));
	while (!kthread_should_stop())
		msleep(10);
	return 0;
}

static int __init start(void)
{
	low = kthread_run(low_work, NULL, "low");
	wait_for_completion(&held);
	high = kthread_create(high_work, NULL, "high");
	sched_set_fifo(high);
	wake_up_process(high);
	middle = kthread_create(middle_work, NULL, "middle");
	sched_set_fifo_low(middle);
	wake_up_process(middle);
	signalled = kthread_run(signalled_work, NULL, "signalled");
	msleep(10);
	send_sig(SIGUSR1, signalled, 0);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(signalled);
	pr_info("locked at the end: %d\n", rt_mutex_is_locked(&lock));
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
