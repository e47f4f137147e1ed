//! Timers of tick resolution.
#ifndef KLOOM_LINUX_TIMER_H
#define KLOOM_LINUX_TIMER_H
#include <linux/list.h>
#include <linux/ktime.h>
#include <linux/stddef.h>
#include <linux/stringify.h>
#include <linux/jiffies.h>
#include <kloom/object.h>
struct timer_list {
	struct kloom_object obj;
	struct hlist_node entry;
	unsigned long expires;
	void *function; /* takes the timer, or `data` before 4.15; untyped so that both can be assigned */
	u32 flags;
	unsigned long data; /* for functions of the years before 4.15, which take it */
};
#define TIMER_CPUMASK 0x0003ffff
#define TIMER_MIGRATING 0x00040000
#define TIMER_DEFERRABLE 0x00080000
#define TIMER_PINNED 0x00100000
#define TIMER_IRQSAFE 0x00200000
/* kloom's own flag: the function takes `data`, not the timer. */
#define KLOOM_TIMER_DATA 0x01000000
#define __TIMER_INITIALIZER(fn, fl) { .obj = KLOOM_OBJECT_INIT(TIMER), .entry = { .next = TIMER_ENTRY_STATIC }, .function = (fn), .flags = (fl) }
#define DEFINE_TIMER_1(name, fn) struct timer_list name = __TIMER_INITIALIZER(fn, 0)
#define TIMER_INITIALIZER(fn, exp, dat) KLOOM_REMOVED("kloom-removed:TIMER_INITIALIZER()|4.15|DEFINE_TIMER(name, func), or timer_setup()") __TIMER_DATA_INITIALIZER(fn, exp, dat)
#define __TIMER_DATA_INITIALIZER(fn, exp, dat) { .obj = KLOOM_OBJECT_INIT(TIMER), .entry = { .next = TIMER_ENTRY_STATIC }, .function = (fn), .expires = (exp), .data = (dat), .flags = KLOOM_TIMER_DATA }
#define DEFINE_TIMER_4(name, fn, exp, dat) KLOOM_REMOVED("kloom-removed:DEFINE_TIMER() with four arguments|4.15|DEFINE_TIMER(name, func), whose func takes the timer") struct timer_list name = __TIMER_DATA_INITIALIZER(fn, exp, dat)
#define __kloom_timer_pick(_1, _2, _3, _4, f, ...) f
/* Two arguments since 4.15, four before. */
#define DEFINE_TIMER(...) __kloom_timer_pick(__VA_ARGS__, DEFINE_TIMER_4, , DEFINE_TIMER_1)(__VA_ARGS__)
void init_timer_key(struct timer_list *timer, void (*func)(struct timer_list *), unsigned int flags, const char *name, struct lock_class_key *key); //@2n (re)initialises
void add_timer(struct timer_list *timer); //@2a starts it at timer->expires; BUG when pending
void add_timer_on(struct timer_list *timer, int cpu); //@2ga as add_timer on a CPU
int mod_timer(struct timer_list *timer, unsigned long expires); //@2a (re)starts it; 1 if it was pending
int mod_timer_pending(struct timer_list *timer, unsigned long expires); //@4a changes only a pending timer; 1 if it was
int timer_reduce(struct timer_list *timer, unsigned long expires); //@4a brings the time forward, or starts it; 1 if it was pending
int del_timer(struct timer_list *timer); //@2a stops it; 1 if it was pending
int del_timer_sync(struct timer_list *timer); //@2s stops it and waits for a running function (spins; not from its own function); 1 if it was pending
int try_to_del_timer_sync(struct timer_list *timer); //@4a as del_timer; -1 if its function runs
int timer_delete(struct timer_list *timer); //@4ga del_timer by its new name (6.2)
int timer_delete_sync(struct timer_list *timer); //@4gs del_timer_sync by its new name (6.2)
int timer_shutdown(struct timer_list *timer); //@4ga as timer_delete; it cannot be started again (6.2)
int timer_shutdown_sync(struct timer_list *timer); //@4gs as timer_delete_sync; it cannot be started again (6.2)
int kloom_timer_pending(const struct timer_list *timer); //@2n 1 while started and not yet run
void kloom_init_timer_data(struct timer_list *timer, void *func, unsigned long data, const char *name, struct lock_class_key *key, const char *api); //@4n old-style initialisation: func takes data (NULL: set later by hand); notes that `api` was removed in 4.15
#define __kloom_timer_init(t, fn, fl) do { static struct lock_class_key __key; init_timer_key((t), (fn), (fl), #t, &__key); } while (0)
#define timer_setup(t, fn, fl) __kloom_timer_init((t), (fn), (fl))
#define timer_setup_on_stack(t, fn, fl) __kloom_timer_init((t), (fn), (fl))
#define __init_timer(t, fn, fl) __kloom_timer_init((t), (fn), (fl))
#define destroy_timer_on_stack(t) do { (void)(t); } while (0)
#define init_timer(t) do { static struct lock_class_key __key; kloom_init_timer_data((t), NULL, 0, #t, &__key, "init_timer"); } while (0)
#define init_timer_on_stack(t) init_timer(t)
#define init_timer_deferrable(t) do { init_timer(t); (t)->flags |= TIMER_DEFERRABLE; } while (0)
#define setup_timer(t, fn, dat) do { static struct lock_class_key __key; kloom_init_timer_data((t), (fn), (unsigned long)(dat), #t, &__key, "setup_timer"); } while (0)
#define setup_timer_on_stack(t, fn, dat) setup_timer(t, fn, dat)
#define timer_pending(t) kloom_timer_pending(t)
#define from_timer(var, callback_timer, timer_fieldname) container_of(callback_timer, typeof(*var), timer_fieldname)
#define timer_container_of(var, callback_timer, timer_fieldname) container_of(callback_timer, typeof(*var), timer_fieldname)
#define del_singleshot_timer_sync(t) del_timer_sync(t)
#define TIMER_DATA_TYPE unsigned long
#define TIMER_FUNC_TYPE void (*)(TIMER_DATA_TYPE)
#endif
