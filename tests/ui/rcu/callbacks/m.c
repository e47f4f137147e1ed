/* RCU as it should be used */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/srcu.h>

struct value {
	int number;
	struct rcu_head rcu;
};

static struct value __rcu *shared;
static struct task_struct *reader;
DEFINE_STATIC_SRCU(srcu);

static void release(struct rcu_head *head)
{
	struct value *old = container_of(head, struct value, rcu);

	pr_info("value %d freed, in softirq %d\n", old->number, !!in_serving_softirq());
	kfree(old);
}

static int read_often(void *data)
{
	while (!kthread_should_stop()) {
		int index;

		rcu_read_lock();
		WARN_ON(rcu_dereference(shared)->number < 0);
		rcu_read_unlock();
		index = srcu_read_lock(&srcu);
		msleep(20);
		srcu_read_unlock(&srcu, index);
	}
	return 0;
}

static int publish(int number)
{
	struct value *new = kmalloc(sizeof(*new), GFP_KERNEL), *old;

	if (!new)
		return -ENOMEM;
	new->number = number;
	old = rcu_replace_pointer(shared, new, true);
	if (old && number & 1)
		kfree_rcu(old, rcu);
	else if (old)
		call_rcu(&old->rcu, release);
	return 0;
}

static int __init start(void)
{
	int i;

	publish(0);
	reader = kthread_run(read_often, NULL, "reader");
	if (IS_ERR(reader))
		return PTR_ERR(reader);
	for (i = 1; i <= 4; i++) {
		publish(i);
		msleep(10);
	}
	synchronize_srcu(&srcu);
	pr_info("published %d\n", rcu_dereference_protected(shared, true)->number);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(reader);
	call_rcu(&shared->rcu, release);
	rcu_barrier();
	pr_info("all freed\n");
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
