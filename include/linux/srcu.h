//! Sleepable RCU.
#ifndef KLOOM_LINUX_SRCU_H
#define KLOOM_LINUX_SRCU_H
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>
struct srcu_struct { struct kloom_object obj; };
#define DEFINE_SRCU(name) struct srcu_struct name = { .obj = KLOOM_OBJECT_INIT(SRCU) }
#define DEFINE_STATIC_SRCU(name) static struct srcu_struct name = { .obj = KLOOM_OBJECT_INIT(SRCU) }
int __init_srcu_struct(struct srcu_struct *ssp, const char *name, struct lock_class_key *key); //@4gs initialises; 0 or -ENOMEM
void cleanup_srcu_struct(struct srcu_struct *ssp); //@4gs ends its life
int __srcu_read_lock(struct srcu_struct *ssp); //@4gn enters a read section; an index for the end
void __srcu_read_unlock(struct srcu_struct *ssp, int idx); //@4gn leaves it
void synchronize_srcu(struct srcu_struct *ssp); //@4gs waits for the readers of this structure
void synchronize_srcu_expedited(struct srcu_struct *ssp); //@4gs as synchronize_srcu
void call_srcu(struct srcu_struct *ssp, struct rcu_head *head, rcu_callback_t func); //@4ga calls func after such a grace period
void srcu_barrier(struct srcu_struct *ssp); //@4gs waits for every call_srcu so far
#define init_srcu_struct(s) ({ static struct lock_class_key __key; __init_srcu_struct((s), #s, &__key); })
#define srcu_read_lock(s) __srcu_read_lock(s)
#define srcu_read_unlock(s, i) __srcu_read_unlock((s), (i))
#define srcu_dereference(p, s) READ_ONCE(p)
#define srcu_dereference_check(p, s, c) READ_ONCE(p)
#endif
