//! Read-copy update.
#ifndef KLOOM_LINUX_RCUPDATE_H
#define KLOOM_LINUX_RCUPDATE_H
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/atomic.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/bottom_half.h>
#include <linux/cpumask.h>
void __rcu_read_lock(void); //@4gn enters a read section; nests
void __rcu_read_unlock(void); //@4gn leaves it
int rcu_read_lock_held(void); //@4gn 1 inside a read section
void kloom_rcu_read_lock_sched(void); //@4n enters a read section with preemption off
void kloom_rcu_read_unlock_sched(void); //@4n leaves it
void synchronize_rcu(void); //@4gs waits for every read section that has begun
void synchronize_rcu_expedited(void); //@4gs as synchronize_rcu, faster
void call_rcu(struct rcu_head *head, rcu_callback_t func); //@4ga calls func after a grace period, in softirq
void kvfree_call_rcu(struct rcu_head *head, rcu_callback_t func); //@4ga frees after a grace period; func is the offset of head in the block
void rcu_barrier(void); //@4gs waits for every call_rcu so far
unsigned long get_state_synchronize_rcu(void); //@4gn a cookie for the grace period to come
unsigned long start_poll_synchronize_rcu(void); //@4gn as above, starting it
bool poll_state_synchronize_rcu(unsigned long oldstate); //@4gn true once it has passed
void cond_synchronize_rcu(unsigned long oldstate); //@4gs waits unless it has passed
bool rcu_is_watching(void); //@4gn true
#define rcu_read_lock() __rcu_read_lock()
#define rcu_read_unlock() __rcu_read_unlock()
#define rcu_read_lock_bh() do { local_bh_disable(); __rcu_read_lock(); } while (0)
#define rcu_read_unlock_bh() do { __rcu_read_unlock(); local_bh_enable(); } while (0)
#define rcu_read_lock_sched() kloom_rcu_read_lock_sched()
#define rcu_read_unlock_sched() kloom_rcu_read_unlock_sched()
#define rcu_read_lock_any_held() rcu_read_lock_held()
#define rcu_read_lock_sched_held() 1
#define rcu_read_lock_bh_held() 1
#define synchronize_sched() synchronize_rcu()
#define synchronize_rcu_bh() synchronize_rcu()
#define synchronize_net() synchronize_rcu()
#define call_rcu_sched(h, f) call_rcu(h, f)
#define call_rcu_bh(h, f) call_rcu(h, f)
#define call_rcu_hurry(h, f) call_rcu(h, f)
#define rcu_barrier_sched() rcu_barrier()
#define synchronize_rcu_mult(...) synchronize_rcu()
#define synchronize_rcu_tasks() synchronize_rcu()
#define RCU_INITIALIZER(v) ((typeof(*(v)) __rcu *)(v))
#define rcu_assign_pointer(p, v) smp_store_release(&(p), (typeof(p))(v))
#define rcu_replace_pointer(p, n, c) ({ typeof(p) __rp = (p); rcu_assign_pointer(p, n); __rp; })
#define RCU_INIT_POINTER(p, v) WRITE_ONCE(p, (typeof(p))(v))
#define RCU_POINTER_INITIALIZER(p, v) .p = (v)
#define rcu_dereference(p) READ_ONCE(p)
#define rcu_dereference_raw(p) READ_ONCE(p)
#define rcu_dereference_check(p, c) READ_ONCE(p)
#define rcu_dereference_bh(p) READ_ONCE(p)
#define rcu_dereference_sched(p) READ_ONCE(p)
#define rcu_dereference_protected(p, c) (p)
#define rcu_access_pointer(p) READ_ONCE(p)
#define rcu_pointer_handoff(p) (p)
#define unrcu_pointer(p) (p)
#define kfree_rcu_mightsleep(ptr) do { typeof(ptr) __kr = (ptr); synchronize_rcu(); kvfree(__kr); } while (0)
#define __kloom_kfree_rcu_2(ptr, field) do { typeof(ptr) __kr = (ptr); if (__kr) kvfree_call_rcu(&__kr->field, (rcu_callback_t)(unsigned long)offsetof(typeof(*(ptr)), field)); } while (0)
#define __kloom_kfree_rcu_pick(_1, _2, f, ...) f
#define kfree_rcu(...) __kloom_kfree_rcu_pick(__VA_ARGS__, __kloom_kfree_rcu_2, kfree_rcu_mightsleep)(__VA_ARGS__)
#define kvfree_rcu(...) kfree_rcu(__VA_ARGS__)
#define RCU_LOCKDEP_WARN(c, s) do { } while (0)
#define init_rcu_head(h) do { } while (0)
#define destroy_rcu_head(h) do { } while (0)
#define init_rcu_head_on_stack(h) do { } while (0)
#define destroy_rcu_head_on_stack(h) do { } while (0)
#define INIT_RCU_HEAD(h) do { } while (0)
#define rcu_head_init(h) do { (h)->func = NULL; } while (0)
#define RCU_NONIDLE(a) do { a; } while (0)
#define rcu_note_context_switch(p) do { } while (0)
#define rcu_softirq_qs() do { } while (0)
void kvfree(const void *addr);
#endif
