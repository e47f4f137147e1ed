//! Priority-inheriting mutexes.
#ifndef KLOOM_LINUX_RTMUTEX_H
#define KLOOM_LINUX_RTMUTEX_H
#include <linux/mutex.h>
struct rt_mutex { struct kloom_object obj; };
#define DEFINE_RT_MUTEX(name) struct rt_mutex name = { .obj = KLOOM_OBJECT_INIT(RTMUTEX) }
void __rt_mutex_init(struct rt_mutex *lock, const char *name, struct lock_class_key *key); //@4n (re)initialises
void rt_mutex_lock(struct rt_mutex *lock); //@4gs takes it, lending its priority to the owner
int rt_mutex_lock_interruptible(struct rt_mutex *lock); //@4gs as rt_mutex_lock; -EINTR on a signal
int rt_mutex_trylock(struct rt_mutex *lock); //@4ga takes it if free: 1, else 0
void rt_mutex_unlock(struct rt_mutex *lock); //@4gs releases
int rt_mutex_lock_killable(struct rt_mutex *lock); //@4gs as rt_mutex_lock; -EINTR on a fatal signal
int kloom_rt_mutex_is_locked(struct rt_mutex *lock); //@4n 1 if anyone holds it
#define rt_mutex_is_locked(m) kloom_rt_mutex_is_locked(m)
#define rt_mutex_lock_nested(m, subclass) rt_mutex_lock(m)
#define rt_mutex_init(m) do { static struct lock_class_key __key; __rt_mutex_init((m), #m, &__key); } while (0)
#define rt_mutex_destroy(m) do { (void)(m); } while (0)
#endif
