//! Layouts.
#ifndef KLOOM_LINUX_SEQLOCK_TYPES_H
#define KLOOM_LINUX_SEQLOCK_TYPES_H
#include <linux/spinlock_types.h>
typedef struct seqcount { struct kloom_object obj; unsigned int sequence; } seqcount_t;
typedef struct { seqcount_t seqcount; } seqcount_spinlock_t;
typedef struct { seqcount_t seqcount; } seqcount_mutex_t;
typedef struct { seqcount_t seqcount; } seqcount_rwlock_t;
typedef struct { seqcount_t seqcount; } seqcount_raw_spinlock_t;
typedef struct { struct kloom_object obj; seqcount_t seqcount; spinlock_t lock; } seqlock_t;
#define SEQCNT_ZERO(name) { .obj = KLOOM_OBJECT_INIT(SEQCOUNT), .sequence = 0 }
#define SEQCNT_SPINLOCK_ZERO(name, l) { .seqcount = SEQCNT_ZERO(name) }
#define SEQCNT_MUTEX_ZERO(name, l) { .seqcount = SEQCNT_ZERO(name) }
#define __SEQLOCK_UNLOCKED(name) { .obj = KLOOM_OBJECT_INIT(SEQLOCK), .seqcount = SEQCNT_ZERO(name), .lock = __SPIN_LOCK_INITIALIZER(name) }
#define SEQLOCK_UNLOCKED (seqlock_t)__SEQLOCK_UNLOCKED(x)
#define DEFINE_SEQLOCK(x) seqlock_t x = __SEQLOCK_UNLOCKED(x)
#endif
