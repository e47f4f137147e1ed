//! Layouts of spinlocks and rwlocks.
#ifndef KLOOM_LINUX_SPINLOCK_TYPES_H
#define KLOOM_LINUX_SPINLOCK_TYPES_H
#include <linux/types.h>
#include <kloom/object.h>
typedef struct raw_spinlock { struct kloom_object obj; } raw_spinlock_t;
typedef struct spinlock { union { struct kloom_object obj; struct raw_spinlock rlock; }; } spinlock_t;
typedef struct { struct kloom_object obj; } rwlock_t;
typedef struct { int locked; } arch_spinlock_t;
#define __RAW_SPIN_LOCK_UNLOCKED(name) (raw_spinlock_t){ .obj = KLOOM_OBJECT_INIT(SPINLOCK) }
#define __RAW_SPIN_LOCK_INITIALIZER(name) { .obj = KLOOM_OBJECT_INIT(SPINLOCK) }
#define __SPIN_LOCK_INITIALIZER(name) { .obj = KLOOM_OBJECT_INIT(SPINLOCK) }
#define __SPIN_LOCK_UNLOCKED(name) (spinlock_t){ .obj = KLOOM_OBJECT_INIT(SPINLOCK) }
#define __RW_LOCK_UNLOCKED(name) (rwlock_t){ .obj = KLOOM_OBJECT_INIT(RWLOCK) }
#define SPIN_LOCK_UNLOCKED KLOOM_REMOVED("kloom-removed:SPIN_LOCK_UNLOCKED|2.6.39|DEFINE_SPINLOCK(lock), or spin_lock_init()") (spinlock_t){ .obj = KLOOM_OBJECT_INIT(SPINLOCK) }
#define RW_LOCK_UNLOCKED KLOOM_REMOVED("kloom-removed:RW_LOCK_UNLOCKED|2.6.39|DEFINE_RWLOCK(lock), or rwlock_init()") (rwlock_t){ .obj = KLOOM_OBJECT_INIT(RWLOCK) }
#define DEFINE_SPINLOCK(x) spinlock_t x = { .obj = KLOOM_OBJECT_INIT(SPINLOCK) }
#define DEFINE_RAW_SPINLOCK(x) raw_spinlock_t x = { .obj = KLOOM_OBJECT_INIT(SPINLOCK) }
#define DEFINE_RWLOCK(x) rwlock_t x = { .obj = KLOOM_OBJECT_INIT(RWLOCK) }
#endif
