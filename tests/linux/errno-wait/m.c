/* What waits give when time runs out */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>
#include <linux/swait.h>
#include <linux/hrtimer.h>
#include <linux/completion.h>
#include <linux/semaphore.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/rtmutex.h>
#include <linux/percpu-rwsem.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_SWAIT_QUEUE_HEAD(squeue);
static unsigned long word = 1;
static DEFINE_RT_MUTEX(rt);
DEFINE_STATIC_PERCPU_RWSEM(percpu);
static DECLARE_COMPLETION(done);
static int flag;
static int __init start(void)
{
	ktime_t t = ms_to_ktime(5);

	pr_info("hrtimeout %d\n", (int)wait_event_hrtimeout(queue, flag, ms_to_ktime(5)));
	pr_info("hrtimeout true %d\n", (int)wait_event_hrtimeout(queue, 1, ms_to_ktime(5)));
	pr_info("interruptible hrtimeout %ld\n", (long)wait_event_interruptible_hrtimeout(queue, flag, ms_to_ktime(5)));
	pr_info("interruptible timeout %ld\n", wait_event_interruptible_timeout(queue, flag, 3));
	pr_info("interruptible timeout true %ld\n", wait_event_interruptible_timeout(queue, 1, 3));
	pr_info("interruptible timeout true of 0 %ld\n", wait_event_interruptible_timeout(queue, 1, 0));
	pr_info("idle timeout %ld\n", (long)wait_event_idle_timeout(queue, flag, 3));
	pr_info("swait %ld\n", (long)swait_event_timeout_exclusive(squeue, flag, 3));
	pr_info("swait interruptible %ld\n", (long)swait_event_interruptible_timeout_exclusive(squeue, flag, 3));
	pr_info("bit clear %d set %d\n", wait_on_bit(&word, 1, TASK_UNINTERRUPTIBLE), wait_on_bit_timeout(&word, 0, TASK_UNINTERRUPTIBLE, 3));
	pr_info("bit lock %d %lx\n", wait_on_bit_lock(&word, 4, TASK_UNINTERRUPTIBLE), word);
	clear_and_wake_up_bit(4, &word);
	pr_info("var %lx\n", word);
	__set_current_state(TASK_UNINTERRUPTIBLE);
	pr_info("schedule_hrtimeout %d\n", schedule_hrtimeout(&t, HRTIMER_MODE_REL));
	__set_current_state(TASK_INTERRUPTIBLE);
	pr_info("schedule_hrtimeout_range %d\n", schedule_hrtimeout_range(&t, 1000, HRTIMER_MODE_REL));
	pr_info("state %u\n", READ_ONCE(current->__state));
	pr_info("schedule_timeout negative\n");
	pr_info("rt try %d\n", rt_mutex_trylock(&rt));
	rt_mutex_unlock(&rt);
	pr_info("rt interruptible %d\n", rt_mutex_lock_interruptible(&rt));
	rt_mutex_unlock(&rt);
	percpu_down_write(&percpu);
	pr_info("percpu read try %d\n", percpu_down_read_trylock(&percpu));
	percpu_up_write(&percpu);
	pr_info("percpu read try %d\n", percpu_down_read_trylock(&percpu));
	percpu_up_read(&percpu);
	pr_info("waitqueue active %d\n", waitqueue_active(&queue));
	pr_info("completion io %lu\n", wait_for_completion_io_timeout(&done, 2));
	complete_all(&done);
	pr_info("completion left %lu\n", wait_for_completion_timeout(&done, 5));
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
