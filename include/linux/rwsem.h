//! Reader/writer semaphores.
#ifndef KLOOM_LINUX_RWSEM_H
#define KLOOM_LINUX_RWSEM_H
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/atomic.h>
#include <linux/err.h>
struct rw_semaphore { struct kloom_object obj; };
#define __RWSEM_INITIALIZER(name) { .obj = KLOOM_OBJECT_INIT(RWSEM) }
#define DECLARE_RWSEM(name) struct rw_semaphore name = __RWSEM_INITIALIZER(name)
void __init_rwsem(struct rw_semaphore *sem, const char *name, struct lock_class_key *key); //@4n (re)initialises
void down_read(struct rw_semaphore *sem); //@4s takes it shared
int down_read_interruptible(struct rw_semaphore *sem); //@4s shared; -EINTR on a signal
int down_read_killable(struct rw_semaphore *sem); //@4s shared; -EINTR on a fatal signal
int down_read_trylock(struct rw_semaphore *sem); //@4a 1 if taken shared, else 0
void down_write(struct rw_semaphore *sem); //@4s takes it exclusively
int down_write_killable(struct rw_semaphore *sem); //@4s exclusive; -EINTR on a fatal signal
int down_write_trylock(struct rw_semaphore *sem); //@4a 1 if taken exclusively, else 0
void up_read(struct rw_semaphore *sem); //@4a releases a shared hold
void up_write(struct rw_semaphore *sem); //@4a releases the exclusive hold
void downgrade_write(struct rw_semaphore *sem); //@4a turns the exclusive hold into a shared one
int kloom_rwsem_is_locked(struct rw_semaphore *sem); //@4n 1 while held by anyone
#define rwsem_is_locked(s) kloom_rwsem_is_locked(s)
#define rwsem_is_contended(s) 0
#define down_read_nested(s, c) down_read(s)
#define down_write_nested(s, c) down_write(s)
#define down_read_non_owner(s) down_read(s)
#define up_read_non_owner(s) up_read(s)
#define init_rwsem(s) do { static struct lock_class_key __key; __init_rwsem((s), #s, &__key); } while (0)
#endif
