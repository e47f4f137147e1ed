//! See linux/spinlock.h.
#ifndef KLOOM_LINUX_RWLOCK_H
#define KLOOM_LINUX_RWLOCK_H
#include <linux/spinlock.h>
#endif
