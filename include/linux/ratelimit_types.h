//! State behind the `*_ratelimited` calls.
#ifndef KLOOM_LINUX_RATELIMIT_TYPES_H
#define KLOOM_LINUX_RATELIMIT_TYPES_H
#include <linux/spinlock_types.h>
#define DEFAULT_RATELIMIT_INTERVAL (5 * CONFIG_HZ)
#define DEFAULT_RATELIMIT_BURST 10
#define RATELIMIT_MSG_ON_RELEASE 1
struct ratelimit_state {
	raw_spinlock_t lock;
	int interval;
	int burst;
	int printed;
	int missed;
	unsigned long begin;
	unsigned long flags;
};
#define RATELIMIT_STATE_INIT_FLAGS(name, interval_init, burst_init, flags_init) \
	{ .lock = __RAW_SPIN_LOCK_UNLOCKED(name.lock), .interval = (interval_init), .burst = (burst_init), .flags = (flags_init) }
#define RATELIMIT_STATE_INIT(name, interval_init, burst_init) RATELIMIT_STATE_INIT_FLAGS(name, interval_init, burst_init, 0)
#define RATELIMIT_STATE_INIT_DISABLED RATELIMIT_STATE_INIT(ratelimit_state, 0, DEFAULT_RATELIMIT_BURST)
#define DEFINE_RATELIMIT_STATE(name, interval_init, burst_init) \
	struct ratelimit_state name = RATELIMIT_STATE_INIT(name, interval_init, burst_init)
int ___ratelimit(struct ratelimit_state *rs, const char *func); //@2a counts one event; 1 if it may be reported, 0 if the interval's burst is used up; prints "func: N callbacks suppressed" when a new interval starts
#define __ratelimit(state) ___ratelimit(state, __func__)
#endif
