/* A user gives its reference back before its last look; who waits for the count then frees */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/wait.h>
#include <linux/slab.h>

static int *shared;
static atomic_t users = ATOMIC_INIT(2);
static DECLARE_WAIT_QUEUE_HEAD(gone);
static struct task_struct *tasks[2];

static int use(void *unused)
{
	if (atomic_dec_and_test(&users))
		wake_up(&gone);
	pr_info("%d\n", shared[0]);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init start(void)
{
	shared = kcalloc(4, sizeof(*shared), GFP_KERNEL);
	if (!shared)
		return -ENOMEM;
	tasks[0] = kthread_create(use, NULL, "one");
	if (IS_ERR(tasks[0]))
		goto none;
	tasks[1] = kthread_create(use, NULL, "two");
	if (IS_ERR(tasks[1]))
		goto one;
	wake_up_process(tasks[0]);
	wake_up_process(tasks[1]);
	wait_event(gone, atomic_read(&users) == 0);
	kfree(shared);
	return 0;
one:
	kthread_stop(tasks[0]);
none:
	kfree(shared);
	return -ENOMEM;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
