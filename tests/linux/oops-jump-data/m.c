/* Calling what is data */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

static char bytes[16] = { 0xc3 };
static int work(void *data)
{
	void (*call)(void) = (void *)bytes;

	OPTIMIZER_HIDE_VAR(call);
	call();
	return 0;
}
static int __init start(void)
{
	kthread_run(work, NULL, "culprit");
	return 0;
}
module_init(start);
static void __exit finish(void)
{
}
module_exit(finish);
MODULE_LICENSE("GPL");
