//! Out of memory.
#ifndef KLOOM_LINUX_OOM_H
#define KLOOM_LINUX_OOM_H
#include <linux/sched.h>
#endif
