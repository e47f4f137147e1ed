/* Two threads hand a token to and fro until they are asked to stop */
#include <linux/module.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/err.h>

static DECLARE_COMPLETION(to_ping);
static DECLARE_COMPLETION(to_pong);
static struct task_struct *ping_task, *pong_task;

static int ping(void *unused)
{
	while (!kthread_should_stop()) {
		complete(&to_pong);
		wait_for_completion(&to_ping);
	}
	complete(&to_pong);
	return 0;
}

static int pong(void *unused)
{
	while (!kthread_should_stop()) {
		wait_for_completion(&to_pong);
		complete(&to_ping);
	}
	return 0;
}

static int __init start(void)
{
	ping_task = kthread_run(ping, NULL, "ping");
	if (IS_ERR(ping_task))
		return PTR_ERR(ping_task);
	pong_task = kthread_run(pong, NULL, "pong");
	if (IS_ERR(pong_task)) {
		complete_all(&to_ping);
		kthread_stop(ping_task);
		return PTR_ERR(pong_task);
	}
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(ping_task);
	complete_all(&to_pong);
	kthread_stop(pong_task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
