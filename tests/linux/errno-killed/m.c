/* What a call gives a process that is being killed */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/completion.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/swait.h>
#include <linux/percpu-rwsem.h>
#include <linux/rtmutex.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_SWAIT_QUEUE_HEAD(squeue);
static DECLARE_COMPLETION(done);
static DEFINE_MUTEX(lock);
static DECLARE_RWSEM(rwsem);
static struct semaphore sem;
static unsigned long word = 1;
static int never(void *unused)
{
	return 0;
}
static int __init start(void)
{
	struct task_struct *t;

	sema_init(&sem, 0);
	mutex_lock(&lock);
	down_write(&rwsem);
	send_sig(SIGKILL, current, 1);
	pr_info("pending %d fatal %d\n", signal_pending(current), fatal_signal_pending(current));
	t = kthread_run(never, NULL, "never");
	pr_info("kthread_run %ld\n", PTR_ERR(t));
	pr_info("mutex interruptible %d killable %d\n", mutex_lock_interruptible(&lock), mutex_lock_killable(&lock));
	pr_info("sem interruptible %d killable %d timeout %d\n", down_interruptible(&sem), down_killable(&sem), down_timeout(&sem, 1));
	pr_info("rwsem read %d write %d\n", down_read_killable(&rwsem), down_write_killable(&rwsem));
	pr_info("completion %d %d\n", wait_for_completion_interruptible(&done), wait_for_completion_killable(&done));
	pr_info("completion timeout %ld %ld\n", wait_for_completion_interruptible_timeout(&done, 5), wait_for_completion_killable_timeout(&done, 5));
	pr_info("event %d %d\n", wait_event_interruptible(queue, 0), wait_event_killable(queue, 0));
	pr_info("event timeout %ld\n", wait_event_interruptible_timeout(queue, 0, 5));
	pr_info("event killable timeout %ld\n", (long)wait_event_killable_timeout(queue, 0, 5));
	pr_info("exclusive %d\n", wait_event_interruptible_exclusive(queue, 0));
	pr_info("hrtimeout %ld\n", (long)wait_event_interruptible_hrtimeout(queue, 0, ms_to_ktime(5)));
	pr_info("swait %d\n", swait_event_interruptible_exclusive(squeue, 0));
	pr_info("bit %d killable %d\n", wait_on_bit(&word, 0, TASK_INTERRUPTIBLE), wait_on_bit(&word, 0, TASK_KILLABLE));
	pr_info("bit lock %d\n", wait_on_bit_lock(&word, 0, TASK_KILLABLE));
	pr_info("bit timeout %d\n", wait_on_bit_timeout(&word, 0, TASK_INTERRUPTIBLE, 5));
	pr_info("msleep %d\n", msleep_interruptible(40) >= 36);
	pr_info("ssleep left %d\n", schedule_timeout_killable(10) == 10);
	pr_info("timeout %ld\n", wait_event_timeout(queue, 0, 5));
	up_write(&rwsem);
	mutex_unlock(&lock);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
