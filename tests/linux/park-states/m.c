/* Parking before the first run, from the thread itself, and unparking what is not parked */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

static int ran;
static int work(void *data)
{
	ran++;
	kthread_parkme();
	pr_info("parkme without being asked comes back\n");
	while (!kthread_should_stop()) {
		if (kthread_should_park()) {
			kthread_parkme();
			pr_info("out of park, should_park %d should_stop %d\n", kthread_should_park(), kthread_should_stop());
		}
		schedule_timeout_interruptible(HZ / 20);
	}
	return (long)data;
}
static int itself(void *data)
{
	int ret = kthread_park(current);
	pr_info("park of oneself %d, should_park %d\n", ret, kthread_should_park());
	kthread_parkme();
	pr_info("the thread goes on\n");
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 20);
	return 4;
}
static int __init start(void)
{
	struct task_struct *t;
	int ret;

	t = kthread_create(work, (void *)1L, "unwoken");
	ret = kthread_park(t);
	pr_info("park before the first run %d, ran %d, state %u\n", ret, ran, READ_ONCE(t->__state));
	kthread_unpark(t);
	msleep(100);
	pr_info("unparked, ran %d\n", ran);
	kthread_unpark(t);
	kthread_unpark(t);
	msleep(100);
	pr_info("unpark of one that is not parked, state %u\n", READ_ONCE(t->__state));
	ret = kthread_park(t);
	pr_info("park %d\n", ret);
	kthread_unpark(t);
	ret = kthread_park(t);
	pr_info("park right after unpark %d, state %u\n", ret, READ_ONCE(t->__state));
	kthread_unpark(t);
	msleep(100);
	ret = kthread_stop(t);
	pr_info("stop %d\n", ret);

	ran = 0;
	t = kthread_create(work, (void *)2L, "neverran");
	ret = kthread_park(t);
	pr_info("park before the first run %d, ran %d\n", ret, ran);
	ret = kthread_stop(t);
	pr_info("stop of a thread parked before its first run %d, ran %d\n", ret, ran);

	ran = 0;
	t = kthread_create(work, (void *)3L, "early");
	kthread_unpark(t);
	msleep(50);
	pr_info("unpark does not start a thread, ran %d\n", ran);
	ret = kthread_stop(t);
	pr_info("stop %d, ran %d\n", ret, ran);

	t = kthread_run(itself, NULL, "itself");
	msleep(100);
	pr_info("state %u, wake %d\n", READ_ONCE(t->__state), wake_up_process(t));
	kthread_unpark(t);
	msleep(100);
	ret = kthread_stop(t);
	pr_info("stop %d\n", ret);
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
