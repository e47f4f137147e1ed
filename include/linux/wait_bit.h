//! Waiting on a bit or a variable.
#ifndef KLOOM_LINUX_WAIT_BIT_H
#define KLOOM_LINUX_WAIT_BIT_H
#include <linux/wait.h>
#include <linux/bitops.h>
int kloom_wait_on_bit(unsigned long *word, int bit, unsigned mode); //@4s waits until the bit is clear; 0, or -EINTR when the state allows a signal to end it
int kloom_wait_on_bit_lock(unsigned long *word, int bit, unsigned mode); //@4s waits until it could set the bit
int kloom_wait_on_bit_timeout(unsigned long *word, int bit, unsigned mode, unsigned long timeout); //@4s as kloom_wait_on_bit; -EAGAIN on timeout
void wake_up_bit(void *word, int bit); //@4a wakes those who wait for the bit
void wake_up_var(void *var); //@4a wakes those in wait_var_event(var)
struct wait_queue_head *__var_waitqueue(void *p); //@4n the hashed queue for a variable
#define wait_on_bit(w, b, m) kloom_wait_on_bit(w, b, m)
#define wait_on_bit_io(w, b, m) kloom_wait_on_bit(w, b, m)
#define wait_on_bit_lock(w, b, m) kloom_wait_on_bit_lock(w, b, m)
#define wait_on_bit_timeout(w, b, m, t) kloom_wait_on_bit_timeout(w, b, m, t)
#define clear_and_wake_up_bit(b, w) do { clear_bit_unlock(b, w); smp_mb__after_atomic(); wake_up_bit(w, b); } while (0)
#define wait_var_event(var, cond) wait_event(*__var_waitqueue(var), cond)
#define wait_var_event_killable(var, cond) wait_event_killable(*__var_waitqueue(var), cond)
#define wait_var_event_interruptible(var, cond) wait_event_interruptible(*__var_waitqueue(var), cond)
#define wait_var_event_timeout(var, cond, t) wait_event_timeout(*__var_waitqueue(var), cond, t)
#endif
