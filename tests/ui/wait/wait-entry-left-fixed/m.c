/* finish_wait() on that path, too */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/wait.h>
#include <linux/sched.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);

static noinline int wait_a_little(void)
{
	DEFINE_WAIT(wait);

	prepare_to_wait(&queue, &wait, TASK_INTERRUPTIBLE);
	if (!schedule_timeout(HZ / 10)) {
		finish_wait(&queue, &wait);
		return -ETIME;
	}
	finish_wait(&queue, &wait);
	return 0;
}

static int __init start(void)
{
	pr_info("waited: %d\n", wait_a_little());
	return 0;
}

static void __exit finish(void)
{
	wake_up(&queue);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
