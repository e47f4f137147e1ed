/* Nothing moves while the machine is stopped */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/stop_machine.h>

static struct task_struct *counter;
static volatile unsigned long count;
static atomic_t calls = ATOMIC_INIT(0);

static int work(void *data)
{
	while (!kthread_should_stop()) {
		count++;
		cond_resched();
	}
	return 0;
}

static int stopped(void *data)
{
	unsigned long before = count;

	WARN_ON(!irqs_disabled());
	udelay(200);
	pr_info("%s: count %s, data %s\n", current->comm, before == count ? "stands" : "moves", (char *)data);
	return 7;
}

static int everywhere(void *data)
{
	atomic_inc(&calls);
	return 0;
}

static int fails_on_three(void *data)
{
	return smp_processor_id() == 3 ? -EIO : 0;
}

static int __init start(void)
{
	counter = kthread_run(work, NULL, "counter");
	if (IS_ERR(counter))
		return PTR_ERR(counter);
	msleep(20);
	pr_info("result %d\n", stop_machine(stopped, "mine", NULL));
	pr_info("result %d\n", stop_machine(everywhere, NULL, cpu_online_mask));
	pr_info("called %d times\n", atomic_read(&calls));
	pr_info("result %d\n", stop_machine(stopped, "two", cpumask_of(2)));
	pr_info("result %d\n", stop_machine(fails_on_three, NULL, cpu_online_mask));
	WARN_ON(irqs_disabled());
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(counter);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
