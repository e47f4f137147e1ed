/* What waiting, completing and locking give when time or a signal ends them */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/semaphore.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_COMPLETION(done);
static DEFINE_MUTEX(lock);
static struct semaphore sem;
static int flag;
static int signalled(void *data)
{
	allow_signal(SIGUSR1);
	pr_info("before: pending %d\n", signal_pending(current));
	pr_info("interruptible %d\n", wait_event_interruptible(queue, flag));
	pr_info("pending %d fatal %d\n", signal_pending(current), fatal_signal_pending(current));
	pr_info("again at once %d\n", wait_event_interruptible(queue, flag));
	pr_info("condition true %d\n", wait_event_interruptible(queue, true));
	pr_info("timeout form %ld\n", wait_event_interruptible_timeout(queue, flag, HZ));
	pr_info("completion %d\n", wait_for_completion_interruptible(&done));
	pr_info("completion timeout %ld\n", wait_for_completion_interruptible_timeout(&done, HZ));
	pr_info("killable %d\n", wait_for_completion_killable_timeout(&done, 2) == 0);
	pr_info("mutex %d\n", mutex_lock_interruptible(&lock));
	pr_info("sem %d\n", down_interruptible(&sem));
	pr_info("msleep_interruptible %d\n", msleep_interruptible(500) > 400);
	pr_info("schedule_timeout_interruptible %d\n", schedule_timeout_interruptible(100) == 100);
	flush_signals(current);
	pr_info("flushed: pending %d\n", signal_pending(current));
	pr_info("kernel_dequeue %d\n", kernel_dequeue_signal());
	send_sig(SIGUSR1, current, 0);
	pr_info("sent: pending %d\n", signal_pending(current));
	pr_info("kernel_dequeue %d\n", kernel_dequeue_signal());
	pr_info("pending %d\n", signal_pending(current));
	pr_info("not allowed: send %d\n", send_sig(SIGUSR2, current, 0));
	pr_info("pending %d\n", signal_pending(current));
	disallow_signal(SIGUSR1);
	pr_info("disallowed: send %d\n", send_sig(SIGUSR1, current, 0));
	pr_info("pending %d\n", signal_pending(current));
	pr_info("send 65: %d\n", send_sig(65, current, 0));
	while (!kthread_should_stop())
		msleep(10);
	return 0;
}
static int __init start(void)
{
	struct task_struct *t;
	long left;
	sema_init(&sem, 0);
	mutex_lock(&lock);
	pr_info("timeout %ld\n", wait_event_timeout(queue, flag, HZ / 10));
	pr_info("true at once %ld\n", wait_event_timeout(queue, true, HZ / 10));
	pr_info("true, zero time %ld\n", wait_event_timeout(queue, true, 0));
	pr_info("false, zero time %ld\n", wait_event_timeout(queue, flag, 0));
	pr_info("completion %lu\n", wait_for_completion_timeout(&done, 5));
	pr_info("try %d\n", try_wait_for_completion(&done));
	complete(&done);
	pr_info("is done %d\n", completion_done(&done));
	left = wait_for_completion_timeout(&done, 5);
	pr_info("left %ld\n", left);
	pr_info("trylock %d\n", mutex_trylock(&lock));
	pr_info("locked %d\n", mutex_is_locked(&lock));
	pr_info("down_trylock %d\n", down_trylock(&sem));
	pr_info("down_timeout %d\n", down_timeout(&sem, 3));
	pr_info("schedule_timeout(5) %ld\n", schedule_timeout_uninterruptible(5));
	pr_info("schedule_timeout running %ld\n", schedule_timeout(5));
	t = kthread_run(signalled, NULL, "signalled");
	msleep(100);
	send_sig(SIGUSR1, t, 0);
	msleep(1500);
	kthread_stop(t);
	mutex_unlock(&lock);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
