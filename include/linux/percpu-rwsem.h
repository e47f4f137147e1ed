//! Reader/writer semaphores with cheap readers.
#ifndef KLOOM_LINUX_PERCPU_RWSEM_H
#define KLOOM_LINUX_PERCPU_RWSEM_H
#include <linux/rwsem.h>
struct percpu_rw_semaphore { struct kloom_object obj; };
#define DEFINE_STATIC_PERCPU_RWSEM(name) static struct percpu_rw_semaphore name = { .obj = KLOOM_OBJECT_INIT(PERCPU_RWSEM) }
#define DEFINE_PERCPU_RWSEM(name) struct percpu_rw_semaphore name = { .obj = KLOOM_OBJECT_INIT(PERCPU_RWSEM) }
int __percpu_init_rwsem(struct percpu_rw_semaphore *sem, const char *name, struct lock_class_key *key); //@4gs initialises; 0 or -ENOMEM
void percpu_free_rwsem(struct percpu_rw_semaphore *sem); //@4gs ends its life
void percpu_down_write(struct percpu_rw_semaphore *sem); //@4gs exclusive
void percpu_up_write(struct percpu_rw_semaphore *sem); //@4gs releases the exclusive hold
void kloom_percpu_down_read(struct percpu_rw_semaphore *sem); //@4s shared
bool kloom_percpu_down_read_trylock(struct percpu_rw_semaphore *sem); //@4a true if taken shared
void kloom_percpu_up_read(struct percpu_rw_semaphore *sem); //@4a releases a shared hold
#define percpu_init_rwsem(s) ({ static struct lock_class_key __key; __percpu_init_rwsem((s), #s, &__key); })
#define percpu_down_read(s) kloom_percpu_down_read(s)
#define percpu_down_read_trylock(s) kloom_percpu_down_read_trylock(s)
#define percpu_up_read(s) kloom_percpu_up_read(s)
#endif
