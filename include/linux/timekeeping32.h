//! See linux/timekeeping.h.
#ifndef KLOOM_LINUX_TIMEKEEPING32_H
#define KLOOM_LINUX_TIMEKEEPING32_H
#include <linux/timekeeping.h>
#endif
