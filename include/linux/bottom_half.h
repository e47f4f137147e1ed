//! Softirqs off and on.
#ifndef KLOOM_LINUX_BOTTOM_HALF_H
#define KLOOM_LINUX_BOTTOM_HALF_H
#include <linux/preempt.h>
void kloom_local_bh_disable(void); //@2a keeps softirqs from running on this CPU; nests
void kloom_local_bh_enable(void); //@2a undoes one kloom_local_bh_disable(); runs pending softirqs at the last
#define local_bh_disable() kloom_local_bh_disable()
#define local_bh_enable() kloom_local_bh_enable()
#define _local_bh_enable() kloom_local_bh_enable()
#define local_bh_blocked() 0
#endif
