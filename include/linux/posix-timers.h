//! See linux/hrtimer.h.
#ifndef KLOOM_LINUX_POSIX_TIMERS_H
#define KLOOM_LINUX_POSIX_TIMERS_H
#include <linux/hrtimer.h>
#endif
