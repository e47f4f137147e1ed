//! Spinlocks and rwlocks.
#ifndef KLOOM_LINUX_SPINLOCK_H
#define KLOOM_LINUX_SPINLOCK_H
#include <linux/spinlock_types.h>
#include <linux/preempt.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/bottom_half.h>
#include <linux/lockdep.h>
#include <linux/atomic.h>
#include <linux/thread_info.h>
void __raw_spin_lock_init(raw_spinlock_t *lock, const char *name, struct lock_class_key *key, short inner); //@2n (re)initialises; name is the argument's text with a leading &, as lockdep shows it
void _raw_spin_lock(raw_spinlock_t *lock); //@2a disables preemption and takes the lock, spinning while another CPU has it
void _raw_spin_lock_nested(raw_spinlock_t *lock, int subclass); //@4a as _raw_spin_lock, lockdep subclass
void _raw_spin_lock_bh(raw_spinlock_t *lock); //@2a as _raw_spin_lock with softirqs off
void _raw_spin_lock_irq(raw_spinlock_t *lock); //@2a as _raw_spin_lock with interrupts off
unsigned long _raw_spin_lock_irqsave(raw_spinlock_t *lock); //@2a as _raw_spin_lock_irq; returns the former flags
int _raw_spin_trylock(raw_spinlock_t *lock); //@2a takes the lock if free; 1 or 0
int _raw_spin_trylock_bh(raw_spinlock_t *lock); //@2a as _raw_spin_trylock with softirqs off when taken
void _raw_spin_unlock(raw_spinlock_t *lock); //@2a releases and enables preemption; a scheduling point
void _raw_spin_unlock_bh(raw_spinlock_t *lock); //@2a releases and enables softirqs
void _raw_spin_unlock_irq(raw_spinlock_t *lock); //@2a releases and enables interrupts
void _raw_spin_unlock_irqrestore(raw_spinlock_t *lock, unsigned long flags); //@2a releases and restores the flags
int kloom_spin_is_locked(raw_spinlock_t *lock); //@4a 1 while any CPU holds the lock
int kloom_spin_is_contended(raw_spinlock_t *lock); //@4a 1 while another CPU spins on the lock
void kloom_assert_spin_locked(raw_spinlock_t *lock, const char *file, int line); //@4a BUG when the lock is not held
void __rwlock_init(rwlock_t *lock, const char *name, struct lock_class_key *key); //@2n (re)initialises
void _raw_read_lock(rwlock_t *lock); //@2a disables preemption and takes the lock shared
void _raw_read_lock_bh(rwlock_t *lock); //@2a shared, softirqs off
void _raw_read_lock_irq(rwlock_t *lock); //@2a shared, interrupts off
unsigned long _raw_read_lock_irqsave(rwlock_t *lock); //@2a shared, interrupts off; returns the former flags
int _raw_read_trylock(rwlock_t *lock); //@2a takes shared if no writer; 1 or 0
void _raw_read_unlock(rwlock_t *lock); //@2a releases a shared hold
void _raw_read_unlock_bh(rwlock_t *lock); //@2a releases a shared hold, softirqs on
void _raw_read_unlock_irq(rwlock_t *lock); //@2a releases a shared hold, interrupts on
void _raw_read_unlock_irqrestore(rwlock_t *lock, unsigned long flags); //@2a releases a shared hold, restores flags
void _raw_write_lock(rwlock_t *lock); //@2a disables preemption and takes the lock exclusively
void _raw_write_lock_bh(rwlock_t *lock); //@2a exclusive, softirqs off
void _raw_write_lock_irq(rwlock_t *lock); //@2a exclusive, interrupts off
unsigned long _raw_write_lock_irqsave(rwlock_t *lock); //@2a exclusive, interrupts off; returns the former flags
int _raw_write_trylock(rwlock_t *lock); //@2a takes exclusively if free; 1 or 0
void _raw_write_unlock(rwlock_t *lock); //@2a releases the exclusive hold
void _raw_write_unlock_bh(rwlock_t *lock); //@2a releases the exclusive hold, softirqs on
void _raw_write_unlock_irq(rwlock_t *lock); //@2a releases the exclusive hold, interrupts on
void _raw_write_unlock_irqrestore(rwlock_t *lock, unsigned long flags); //@2a releases the exclusive hold, restores flags
#define raw_spin_lock_init(l) do { static struct lock_class_key __key; __raw_spin_lock_init((l), #l, &__key, 0); } while (0)
#define spin_lock_init(l) do { static struct lock_class_key __key; spinlock_t *__sl = (l); __raw_spin_lock_init(&__sl->rlock, #l, &__key, 0); } while (0)
#define rwlock_init(l) do { static struct lock_class_key __key; __rwlock_init((l), #l, &__key); } while (0)
#define raw_spin_lock(l) _raw_spin_lock(l)
#define raw_spin_lock_nested(l, s) _raw_spin_lock_nested(l, s)
#define raw_spin_lock_bh(l) _raw_spin_lock_bh(l)
#define raw_spin_lock_irq(l) _raw_spin_lock_irq(l)
#define raw_spin_lock_irqsave(l, flags) do { typecheck(unsigned long, flags); flags = _raw_spin_lock_irqsave(l); } while (0)
#define raw_spin_trylock(l) _raw_spin_trylock(l)
#define raw_spin_unlock(l) _raw_spin_unlock(l)
#define raw_spin_unlock_bh(l) _raw_spin_unlock_bh(l)
#define raw_spin_unlock_irq(l) _raw_spin_unlock_irq(l)
#define raw_spin_unlock_irqrestore(l, flags) _raw_spin_unlock_irqrestore(l, flags)
#define raw_spin_is_locked(l) kloom_spin_is_locked(l)
static __always_inline raw_spinlock_t *spinlock_check(spinlock_t *lock) { return &lock->rlock; }
static __always_inline void spin_lock(spinlock_t *lock) { _raw_spin_lock(&lock->rlock); }
static __always_inline void spin_lock_bh(spinlock_t *lock) { _raw_spin_lock_bh(&lock->rlock); }
static __always_inline void spin_lock_irq(spinlock_t *lock) { _raw_spin_lock_irq(&lock->rlock); }
static __always_inline int spin_trylock(spinlock_t *lock) { return _raw_spin_trylock(&lock->rlock); }
static __always_inline int spin_trylock_bh(spinlock_t *lock) { return _raw_spin_trylock_bh(&lock->rlock); }
static __always_inline void spin_unlock(spinlock_t *lock) { _raw_spin_unlock(&lock->rlock); }
static __always_inline void spin_unlock_bh(spinlock_t *lock) { _raw_spin_unlock_bh(&lock->rlock); }
static __always_inline void spin_unlock_irq(spinlock_t *lock) { _raw_spin_unlock_irq(&lock->rlock); }
static __always_inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags) { _raw_spin_unlock_irqrestore(&lock->rlock, flags); }
static __always_inline int spin_is_locked(spinlock_t *lock) { return kloom_spin_is_locked(&lock->rlock); }
static __always_inline int spin_is_contended(spinlock_t *lock) { return kloom_spin_is_contended(&lock->rlock); }
#define spin_lock_nested(l, s) _raw_spin_lock_nested(spinlock_check(l), s)
#define spin_lock_nest_lock(l, n) spin_lock(l)
#define spin_lock_irqsave(l, flags) do { typecheck(unsigned long, flags); flags = _raw_spin_lock_irqsave(spinlock_check(l)); } while (0)
#define spin_lock_irqsave_nested(l, flags, s) spin_lock_irqsave(l, flags)
#define spin_trylock_irqsave(l, flags) ({ local_irq_save(flags); spin_trylock(l) ? 1 : ({ local_irq_restore(flags); 0; }); })
#define spin_trylock_irq(l) ({ local_irq_disable(); spin_trylock(l) ? 1 : ({ local_irq_enable(); 0; }); })
#define assert_spin_locked(l) kloom_assert_spin_locked(spinlock_check(l), __FILE__, __LINE__)
#define assert_raw_spin_locked(l) kloom_assert_spin_locked((l), __FILE__, __LINE__)
#define spin_needbreak(l) spin_is_contended(l)
#define read_lock(l) _raw_read_lock(l)
#define read_lock_bh(l) _raw_read_lock_bh(l)
#define read_lock_irq(l) _raw_read_lock_irq(l)
#define read_lock_irqsave(l, flags) do { typecheck(unsigned long, flags); flags = _raw_read_lock_irqsave(l); } while (0)
#define read_trylock(l) _raw_read_trylock(l)
#define read_unlock(l) _raw_read_unlock(l)
#define read_unlock_bh(l) _raw_read_unlock_bh(l)
#define read_unlock_irq(l) _raw_read_unlock_irq(l)
#define read_unlock_irqrestore(l, flags) _raw_read_unlock_irqrestore(l, flags)
#define write_lock(l) _raw_write_lock(l)
#define write_lock_bh(l) _raw_write_lock_bh(l)
#define write_lock_irq(l) _raw_write_lock_irq(l)
#define write_lock_irqsave(l, flags) do { typecheck(unsigned long, flags); flags = _raw_write_lock_irqsave(l); } while (0)
#define write_trylock(l) _raw_write_trylock(l)
#define write_unlock(l) _raw_write_unlock(l)
#define write_unlock_bh(l) _raw_write_unlock_bh(l)
#define write_unlock_irq(l) _raw_write_unlock_irq(l)
#define write_unlock_irqrestore(l, flags) _raw_write_unlock_irqrestore(l, flags)
int _atomic_dec_and_lock(atomic_t *atomic, spinlock_t *lock); //@4a decrements; when that reaches 0 returns 1 with the lock held
#define atomic_dec_and_lock(a, l) _atomic_dec_and_lock(a, l)
#define smp_mb__after_spinlock() smp_mb()
#endif
