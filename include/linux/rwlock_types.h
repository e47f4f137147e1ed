//! See linux/spinlock_types.h.
#ifndef KLOOM_LINUX_RWLOCK_TYPES_H
#define KLOOM_LINUX_RWLOCK_TYPES_H
#include <linux/spinlock_types.h>
#endif
