//! See linux/sched.h.
#ifndef KLOOM_LINUX_SCHED_TOPOLOGY_H
#define KLOOM_LINUX_SCHED_TOPOLOGY_H
#include <linux/sched.h>
#endif
