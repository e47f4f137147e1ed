/* The work is cancelled first */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

struct device_state {
	int reading;
	struct delayed_work poll;
};
static struct device_state *state;

static void poll(struct work_struct *work)
{
	struct device_state *state = container_of(work, struct device_state, poll.work);

	pr_info("reading %d\n", ++state->reading);
	schedule_delayed_work(&state->poll, HZ);
}

static int __init start(void)
{
	state = kzalloc(sizeof(*state), GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	INIT_DELAYED_WORK(&state->poll, poll);
	schedule_delayed_work(&state->poll, HZ);
	return 0;
}

static void __exit finish(void)
{
	cancel_delayed_work_sync(&state->poll);
	kfree(state);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
