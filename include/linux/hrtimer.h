//! High-resolution timers.
#ifndef KLOOM_LINUX_HRTIMER_H
#define KLOOM_LINUX_HRTIMER_H
#include <linux/hrtimer_types.h>
#include <linux/hrtimer_defs.h>
#include <linux/rbtree.h>
#include <linux/percpu.h>
#include <linux/timer.h>
#include <linux/timerqueue.h>
#include <linux/sched.h>
enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
struct hrtimer_clock_base { clockid_t clockid; ktime_t (*get_time)(void); };
struct hrtimer {
	struct kloom_object obj;
	struct timerqueue_node node; /* node.expires: hard expiry */
	ktime_t _softexpires;
	enum hrtimer_restart (*function)(struct hrtimer *);
	struct hrtimer_clock_base *base;
	u8 state, is_rel, is_soft, is_hard;
};
struct hrtimer_sleeper { struct hrtimer timer; struct task_struct *task; };
#define HRTIMER_STATE_INACTIVE 0
#define HRTIMER_STATE_ENQUEUED 1
void hrtimer_init(struct hrtimer *timer, clockid_t which_clock, enum hrtimer_mode mode); //@2gn (re)initialises for a clock; base->get_time is set
void hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *), clockid_t clock_id, enum hrtimer_mode mode); //@4gn hrtimer_init with the function (6.13)
void hrtimer_start_range_ns(struct hrtimer *timer, ktime_t tim, u64 range_ns, const enum hrtimer_mode mode); //@2ga (re)starts it
int hrtimer_cancel(struct hrtimer *timer); //@2ga stops it and waits for a running function; 1 if it was active
int hrtimer_try_to_cancel(struct hrtimer *timer); //@2ga stops it; 1 was active, 0 not, -1 its function runs
u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval); //@2ga moves expiry past now by whole intervals; how many
bool hrtimer_active(const struct hrtimer *timer); //@2gn true while queued or running
ktime_t __hrtimer_get_remaining(const struct hrtimer *timer, bool adjust); //@4gn time until expiry
#define hrtimer_start(t, tim, mode) hrtimer_start_range_ns((t), (tim), 0, (mode))
#define hrtimer_restart(t) hrtimer_start_range_ns((t), (t)->node.expires, 0, HRTIMER_MODE_ABS)
#define hrtimer_start_expires(t, mode) hrtimer_start_range_ns((t), (t)->_softexpires, (t)->node.expires - (t)->_softexpires, (mode))
#define hrtimer_get_remaining(t) __hrtimer_get_remaining((t), false)
#define hrtimer_init_on_stack(t, c, m) hrtimer_init(t, c, m)
#define destroy_hrtimer_on_stack(t) do { (void)(t); } while (0)
static inline ktime_t hrtimer_cb_get_time(struct hrtimer *timer) { return timer->base->get_time(); }
static inline u64 hrtimer_forward_now(struct hrtimer *timer, ktime_t interval) { return hrtimer_forward(timer, hrtimer_cb_get_time(timer), interval); }
static inline void hrtimer_set_expires(struct hrtimer *timer, ktime_t time) { timer->node.expires = time; timer->_softexpires = time; }
static inline void hrtimer_set_expires_range_ns(struct hrtimer *timer, ktime_t time, u64 delta) { timer->_softexpires = time; timer->node.expires = ktime_add_safe(time, delta); }
static inline void hrtimer_add_expires(struct hrtimer *timer, ktime_t time) { timer->node.expires = ktime_add_safe(timer->node.expires, time); timer->_softexpires = ktime_add_safe(timer->_softexpires, time); }
static inline void hrtimer_add_expires_ns(struct hrtimer *timer, u64 ns) { hrtimer_add_expires(timer, ns); }
static inline ktime_t hrtimer_get_expires(const struct hrtimer *timer) { return timer->node.expires; }
static inline ktime_t hrtimer_get_softexpires(const struct hrtimer *timer) { return timer->_softexpires; }
static inline s64 hrtimer_get_expires_ns(const struct hrtimer *timer) { return timer->node.expires; }
static inline bool hrtimer_is_queued(struct hrtimer *timer) { return READ_ONCE(timer->state) & HRTIMER_STATE_ENQUEUED; }
static inline int hrtimer_callback_running(struct hrtimer *timer) { return hrtimer_active(timer) && !hrtimer_is_queued(timer); }
#endif
