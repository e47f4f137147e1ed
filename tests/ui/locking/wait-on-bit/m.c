/* A bit as a lock, and a variable that is waited for */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/wait_bit.h>

static unsigned long word;
static int counter;
static struct task_struct *holder, *waiter;

static int hold(void *data)
{
	msleep(100);
	pr_info("clearing\n");
	clear_and_wake_up_bit(3, &word);
	msleep(100);
	counter = 5;
	wake_up_var(&counter);
	return 0;
}

static int wait(void *data)
{
	allow_signal(SIGUSR1);
	pr_info("with a signal: %d\n", wait_on_bit(&word, 7, TASK_INTERRUPTIBLE));
	while (!kthread_should_stop())
		msleep(10);
	return 0;
}

static int __init start(void)
{
	set_bit(7, &word);
	waiter = kthread_run(wait, NULL, "waiter");
	set_bit(3, &word);
	pr_info("clear already: %d\n", wait_on_bit(&word, 1, TASK_UNINTERRUPTIBLE));
	pr_info("in time: %d\n", wait_on_bit_timeout(&word, 3, TASK_UNINTERRUPTIBLE, HZ / 100));
	holder = kthread_run(hold, NULL, "holder");
	pr_info("lock: %d\n", wait_on_bit_lock(&word, 3, TASK_UNINTERRUPTIBLE));
	pr_info("set again: %d\n", test_bit(3, &word));
	wait_var_event(&counter, counter == 5);
	pr_info("counter %d, left %d\n", counter, wait_var_event_timeout(&counter, counter == 6, 2) != 0);
	send_sig(SIGUSR1, waiter, 0);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(waiter);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
