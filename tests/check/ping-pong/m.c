/* Two threads hand a token to and fro for ever: neither looks whether it is to stop */
#include <linux/module.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/err.h>

static DECLARE_COMPLETION(to_ping);
static DECLARE_COMPLETION(to_pong);
static struct task_struct *ping_task, *pong_task;

static int ping(void *unused)
{
	for (;;) {
		complete(&to_pong);
		wait_for_completion(&to_ping);
	}
	return 0;
}

static int pong(void *unused)
{
	for (;;) {
		wait_for_completion(&to_pong);
		complete(&to_ping);
	}
	return 0;
}

static int __init start(void)
{
	ping_task = kthread_run(ping, NULL, "ping");
	pong_task = kthread_run(pong, NULL, "pong");
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(ping_task);
	kthread_stop(pong_task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
