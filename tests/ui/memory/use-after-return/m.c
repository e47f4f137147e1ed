/* A completion on the stack is completed after its function has given up waiting */
#include <linux/module.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>

static struct completion *reply;
static struct task_struct *server;

static int serve(void *unused)
{
	msleep(100);
	complete(reply); //~ ERROR use-after-return
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static noinline unsigned long ask(void)
{
	DECLARE_COMPLETION_ONSTACK(done);

	reply = &done;
	server = kthread_run(serve, NULL, "server");
	if (IS_ERR(server))
		return 0;
	return wait_for_completion_timeout(&done, HZ / 50);
}

static int __init start(void)
{
	pr_info("answered: %d\n", ask() != 0);
	msleep(300);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(server);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
