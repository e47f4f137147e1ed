/* A thread gets a pointer to its argument */
#include <linux/module.h>
#include <linux/kthread.h>
#include <linux/delay.h>

struct job {
	int number;
	const char *text;
};

static struct job job = { .number = 123, .text = "one two three" };
static struct task_struct *task;

static int work(void *data)
{
	struct job *mine = data;

	pr_info("got %d, \"%s\"\n", mine->number, mine->text);
	while (!kthread_should_stop())
		msleep(10);
	return mine->number;
}

int init_module(void)
{
	task = kthread_create(work, &job, "argument");
	if (IS_ERR(task))
		return PTR_ERR(task);
	wake_up_process(task);
	return 0;
}

void cleanup_module(void)
{
	pr_info("%d back\n", kthread_stop(task));
}
MODULE_LICENSE("GPL");
