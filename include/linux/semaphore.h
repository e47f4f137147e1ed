//! Counting semaphores.
#ifndef KLOOM_LINUX_SEMAPHORE_H
#define KLOOM_LINUX_SEMAPHORE_H
#include <linux/list.h>
#include <linux/spinlock.h>
struct semaphore {
	struct kloom_object obj;
	unsigned int count; /* initial value for static ones, then a mirror */
};
#define __SEMAPHORE_INITIALIZER(name, n) { .obj = KLOOM_OBJECT_INIT(SEMAPHORE), .count = (n) }
#if KLOOM_VERSION_GE(6, 4)
#define DEFINE_SEMAPHORE_1(name) KLOOM_REMOVED("kloom-removed:DEFINE_SEMAPHORE() with one argument|6.4|DEFINE_SEMAPHORE(name, 1)") struct semaphore name = __SEMAPHORE_INITIALIZER(name, 1)
#else
#define DEFINE_SEMAPHORE_1(name) struct semaphore name = __SEMAPHORE_INITIALIZER(name, 1)
#endif
#define DEFINE_SEMAPHORE_2(name, n) struct semaphore name = __SEMAPHORE_INITIALIZER(name, n)
#define __kloom_sem_pick(_1, _2, which, ...) which
/* One argument up to 6.3, two since. */
#define DEFINE_SEMAPHORE(...) __kloom_sem_pick(__VA_ARGS__, DEFINE_SEMAPHORE_2, DEFINE_SEMAPHORE_1)(__VA_ARGS__)
#define DECLARE_MUTEX(name) KLOOM_REMOVED("kloom-removed:DECLARE_MUTEX()|2.6.37|DEFINE_SEMAPHORE(name), or a struct mutex") struct semaphore name = __SEMAPHORE_INITIALIZER(name, 1)
#define DECLARE_MUTEX_LOCKED(name) KLOOM_REMOVED("kloom-removed:DECLARE_MUTEX_LOCKED()|2.6.37|a completion, or sema_init(&sem, 0)") struct semaphore name = __SEMAPHORE_INITIALIZER(name, 0)
void kloom_sema_init(struct semaphore *sem, int val, const char *name, struct lock_class_key *key); //@2n (re)initialises with the count
void down(struct semaphore *sem); //@2s takes one, sleeping in state D
int down_interruptible(struct semaphore *sem); //@2s takes one; -EINTR on a signal
int down_killable(struct semaphore *sem); //@2s takes one; -EINTR on a fatal signal
int down_trylock(struct semaphore *sem); //@2a 0 if one was taken, 1 if not
int down_timeout(struct semaphore *sem, long jiffies); //@2s takes one; -ETIME after so many jiffies
void up(struct semaphore *sem); //@2a gives one back and wakes the first waiter
#define sema_init(s, val) do { static struct lock_class_key __key; kloom_sema_init((s), (val), #s, &__key); } while (0)
#define init_MUTEX(s) KLOOM_REMOVED("kloom-removed:init_MUTEX()|2.6.37|sema_init(sem, 1), or a struct mutex") sema_init(s, 1)
#define init_MUTEX_LOCKED(s) KLOOM_REMOVED("kloom-removed:init_MUTEX_LOCKED()|2.6.37|sema_init(sem, 0), or a completion") sema_init(s, 0)
#endif
