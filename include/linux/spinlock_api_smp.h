//! See linux/spinlock.h.
#ifndef KLOOM_LINUX_SPINLOCK_API_SMP_H
#define KLOOM_LINUX_SPINLOCK_API_SMP_H
#include <linux/spinlock.h>
#endif
