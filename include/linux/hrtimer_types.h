//! The modes that other headers name.
#ifndef KLOOM_LINUX_HRTIMER_TYPES_H
#define KLOOM_LINUX_HRTIMER_TYPES_H
#include <linux/types.h>
enum hrtimer_mode {
	HRTIMER_MODE_ABS = 0, HRTIMER_MODE_REL = 1, HRTIMER_MODE_PINNED = 2, HRTIMER_MODE_SOFT = 4, HRTIMER_MODE_HARD = 8,
	HRTIMER_MODE_ABS_PINNED = 2, HRTIMER_MODE_REL_PINNED = 3, HRTIMER_MODE_ABS_SOFT = 4, HRTIMER_MODE_REL_SOFT = 5,
	HRTIMER_MODE_ABS_PINNED_SOFT = 6, HRTIMER_MODE_REL_PINNED_SOFT = 7, HRTIMER_MODE_ABS_HARD = 8, HRTIMER_MODE_REL_HARD = 9,
	HRTIMER_MODE_ABS_PINNED_HARD = 10, HRTIMER_MODE_REL_PINNED_HARD = 11,
};
int schedule_hrtimeout(ktime_t *expires, const enum hrtimer_mode mode); //@2gs sleeps in the state already set until the time (NULL: for ever); 0 when it came, -EINTR when woken before
int schedule_hrtimeout_range(ktime_t *expires, u64 delta, const enum hrtimer_mode mode); //@4gs as schedule_hrtimeout with slack
#endif
