/* Forms that later kernels want: --kernel 6.6 */
#include <linux/module.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/semaphore.h>
#include <linux/timer.h>

#ifndef timer_container_of
#error "timer_container_of() is missing"
#endif

struct beat { struct timer_list timer; int n; };
static struct beat beat;
static DEFINE_SEMAPHORE(one);
static DEFINE_SEMAPHORE(two, 2);
static struct class *old, *new;

static void tick(struct timer_list *timer)
{
	struct beat *at = timer_container_of(at, timer, timer);
	struct beat *same = from_timer(same, timer, timer);

	pr_info("tick %d %d\n", ++at->n, at == same);
}

static int __init start(void)
{
	old = class_create(THIS_MODULE, "two_arguments");
	new = class_create("one_argument");
	if (IS_ERR(old) || IS_ERR(new))
		return -ENOMEM;
	down(&one);
	down(&two);
	down(&two);
	pr_info("taken: %d %d\n", down_trylock(&one), down_trylock(&two));
	up(&one);
	timer_setup(&beat.timer, tick, 0);
	mod_timer(&beat.timer, jiffies + HZ);
	return 0;
}

static void __exit finish(void)
{
	timer_delete(&beat.timer);
	timer_delete_sync(&beat.timer);
	timer_shutdown_sync(&beat.timer);
	class_destroy(old);
	class_destroy(new);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
