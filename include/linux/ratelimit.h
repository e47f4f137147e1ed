//! Rate limits for messages.
#ifndef KLOOM_LINUX_RATELIMIT_H
#define KLOOM_LINUX_RATELIMIT_H
#include <linux/ratelimit_types.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#define ratelimit_state_init(rs, i, b) do { struct ratelimit_state *__rl = (rs); __builtin_memset(__rl, 0, sizeof(*__rl)); \
	raw_spin_lock_init(&__rl->lock); __rl->interval = (i); __rl->burst = (b); } while (0)
#define ratelimit_default_init(rs) ratelimit_state_init(rs, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST)
#define ratelimit_set_flags(rs, f) ((void)((rs)->flags = (f)))
#define WARN_ON_RATELIMIT(condition, state) ({ bool __wr = (condition); WARN_ON(__wr && __ratelimit(state)); __wr; })
#endif
