/* One context takes the thread and stops it */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

static struct task_struct *task;
static DEFINE_MUTEX(lock);

static int loop(void *unused)
{
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static void stop(void)
{
	struct task_struct *mine;

	mutex_lock(&lock);
	mine = task;
	task = NULL;
	mutex_unlock(&lock);
	if (mine)
		kthread_stop(mine);
}

static void work_fn(struct work_struct *work)
{
	stop();
}
static DECLARE_WORK(work, work_fn);

static int __init start(void)
{
	task = kthread_run(loop, NULL, "loop");
	if (IS_ERR(task))
		return PTR_ERR(task);
	schedule_work(&work);
	return 0;
}

static void __exit finish(void)
{
	stop();
	cancel_work_sync(&work);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
