/* A thread gets a pointer to its argument */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

static int number = 123;
static struct task_struct *task;
static int work(void *data)
{
	printk("Kernel data %d\n", *(int *)data);
	while (!kthread_should_stop())
		msleep(10);
	return 0;
}
int init_module(void)
{
	task = kthread_create(work, &number, "argument");
	if (IS_ERR(task))
		return PTR_ERR(task);
	wake_up_process(task);
	printk("created and running\n");
	return 0;
}
void cleanup_module(void)
{
	printk(KERN_INFO "clean up\n");
	kthread_stop(task);
}
MODULE_LICENSE("GPL");
