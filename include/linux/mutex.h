//! Mutexes.
#ifndef KLOOM_LINUX_MUTEX_H
#define KLOOM_LINUX_MUTEX_H
#include <linux/list.h>
#include <linux/spinlock_types.h>
#include <linux/lockdep.h>
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/osq_lock.h>
#include <asm/current.h>
struct mutex {
	struct kloom_object obj;
	atomic_long_t owner; /* mirror: the owner's task_struct, 0 when free */
};
#define __MUTEX_INITIALIZER(name) { .obj = KLOOM_OBJECT_INIT(MUTEX) }
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)
void __mutex_init(struct mutex *lock, const char *name, struct lock_class_key *key); //@2n (re)initialises
void mutex_lock(struct mutex *lock); //@2s takes the mutex, sleeping in state D
int mutex_lock_interruptible(struct mutex *lock); //@2s as mutex_lock in state S; -EINTR when a signal is pending
int mutex_lock_killable(struct mutex *lock); //@2s as mutex_lock, -EINTR on a fatal signal
void mutex_lock_io(struct mutex *lock); //@4gs as mutex_lock, counted as I/O wait
int mutex_trylock(struct mutex *lock); //@2s takes the mutex if free: 1, else 0; not from interrupt context
void mutex_unlock(struct mutex *lock); //@2s releases; only by its owner
bool mutex_is_locked(struct mutex *lock); //@2n true while someone owns it
void kloom_mutex_destroy(struct mutex *lock); //@2n marks it unusable; warns if it is held
int atomic_dec_and_mutex_lock(atomic_t *cnt, struct mutex *lock); //@4s decrements; when that reaches 0 returns 1 with the mutex held
void mutex_lock_nested(struct mutex *lock, unsigned int subclass); //@4gs as mutex_lock, lockdep subclass
int mutex_lock_interruptible_nested(struct mutex *lock, unsigned int subclass); //@4gs as mutex_lock_interruptible, lockdep subclass
int mutex_lock_killable_nested(struct mutex *lock, unsigned int subclass); //@4gs as mutex_lock_killable, lockdep subclass
#define mutex_init(m) do { static struct lock_class_key __key; __mutex_init((m), #m, &__key); } while (0)
#define mutex_destroy(m) kloom_mutex_destroy(m)
#define mutex_lock_nest_lock(l, n) mutex_lock(l)
#endif
