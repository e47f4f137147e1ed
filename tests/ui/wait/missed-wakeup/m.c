/* The state is set after the condition was tested */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/delay.h>
#include <linux/completion.h>

static int ready;
static struct task_struct *task;
static DECLARE_COMPLETION(done);

static int sleeper(void *unused)
{
	while (!READ_ONCE(ready)) {
		set_current_state(TASK_UNINTERRUPTIBLE); //~ ERROR missed-wakeup
		schedule();
	}
	kthread_complete_and_exit(&done, 0);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(sleeper, NULL, "sleeper");
	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task);
	return 0;
}

static void __exit finish(void)
{
	WRITE_ONCE(ready, 1);
	wake_up_process(task);
	wait_for_completion(&done);
	put_task_struct(task);
	msleep(10);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
