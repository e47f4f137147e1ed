/* Semaphores as signals and as counters of slots: no imbalance */
#include <linux/module.h>
#include <linux/semaphore.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/err.h>

static struct semaphore items, slots;
static struct task_struct *producer;

static int produce(void *unused)
{
	while (!kthread_should_stop()) {
		if (!down_trylock(&slots))
			up(&items);
		msleep(20);
	}
	return 0;
}

static int __init start(void)
{
	sema_init(&items, 0);
	sema_init(&slots, 3);
	producer = kthread_run(produce, NULL, "producer");
	if (IS_ERR(producer))
		return PTR_ERR(producer);
	down(&items);
	pr_info("one item\n");
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(producer);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
