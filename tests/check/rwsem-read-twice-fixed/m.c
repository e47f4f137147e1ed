/* Who calls get() holds the semaphore */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/rwsem.h>
#include <linux/sched.h>

static DECLARE_RWSEM(sem);
static int value;

static int get(void)
{
	int now;

	now = value;
	return now;
}

static struct task_struct *tasks[2];

static int user(void *unused);

static int __init start(void)
{
	tasks[0] = kthread_run(user, (void *)0, "user/0");
	if (IS_ERR(tasks[0]))
		return PTR_ERR(tasks[0]);
	tasks[1] = kthread_run(user, (void *)1, "user/1");
	if (IS_ERR(tasks[1])) {
		kthread_stop(tasks[0]);
		return PTR_ERR(tasks[1]);
	}
	return 0;
}

static int user(void *data)
{
	if (data) {
		down_write(&sem);
		value++;
		up_write(&sem);
	} else {
		down_read(&sem);
		pr_info("%d %d\n", value, get());
		up_read(&sem);
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(20 * HZ);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
