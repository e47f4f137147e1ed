/* A wait queue in allocated memory is never initialised */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

struct device_state {
	wait_queue_head_t queue;
	spinlock_t lock;
	int ready;
};

static struct device_state *state;

static int __init start(void)
{
	state = kzalloc(sizeof(*state), GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	spin_lock_init(&state->lock);
	wake_up(&state->queue); //~ ERROR uninit-object
	return 0;
}

static void __exit finish(void)
{
	kfree(state);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
