/* The thread joins the queue before it tests the condition */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/delay.h>
#include <linux/wait.h>
#include <linux/completion.h>
#include <linux/atomic.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static atomic_t items = ATOMIC_INIT(0);
static DECLARE_COMPLETION(done);
static struct task_struct *task;

static int consumer(void *unused)
{
	DEFINE_WAIT(wait);

	prepare_to_wait(&queue, &wait, TASK_UNINTERRUPTIBLE);
	if (!atomic_read(&items))
		schedule();
	finish_wait(&queue, &wait);
	kthread_complete_and_exit(&done, 0);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(consumer, NULL, "consumer");
	if (IS_ERR(task))
		return PTR_ERR(task);
	atomic_inc(&items);
	wake_up(&queue);
	wait_for_completion(&done);
	return 0;
}

static void __exit finish(void)
{
	msleep(10);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
