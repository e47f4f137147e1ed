//! Wait queues and the wait_event() family.
//!
//! Conditions are evaluated here, in the module's code. The protocol is: put the entry on the queue and set
//! the task state (`prepare_to_wait_event()`), look at the condition, and only then sleep.
#ifndef KLOOM_LINUX_WAIT_H
#define KLOOM_LINUX_WAIT_H
#include <linux/list.h>
#include <linux/stddef.h>
#include <linux/spinlock.h>
#include <asm/current.h>
#include <uapi/linux/wait.h>
struct task_struct;
struct wait_queue_entry;
typedef struct wait_queue_entry wait_queue_entry_t, wait_queue_t;
typedef int (*wait_queue_func_t)(struct wait_queue_entry *wq_entry, unsigned mode, int flags, void *key);
#define WQ_FLAG_EXCLUSIVE 0x01
#define WQ_FLAG_WOKEN 0x02
#define WQ_FLAG_BOOKMARK 0x04
#define WQ_FLAG_CUSTOM 0x08
#define WQ_FLAG_DONE 0x10
#define WQ_FLAG_PRIORITY 0x20
struct wait_queue_entry {
	struct kloom_object obj;
	unsigned int flags;
	void *private;
	wait_queue_func_t func;
	union { struct list_head entry; struct list_head task_list; };
};
struct wait_queue_head {
	struct kloom_object obj;
	spinlock_t lock;
	union { struct list_head head; struct list_head task_list; };
};
typedef struct wait_queue_head wait_queue_head_t;
#define __wait_queue_head wait_queue_head
#define __wait_queue wait_queue_entry
#define __WAITQUEUE_INITIALIZER(name, tsk) { .obj = KLOOM_OBJECT_INIT(WAIT_QUEUE_ENTRY), .private = (tsk), .func = default_wake_function, { .entry = { NULL, NULL } } }
#define DECLARE_WAITQUEUE(name, tsk) struct wait_queue_entry name = __WAITQUEUE_INITIALIZER(name, tsk)
#define __WAIT_QUEUE_HEAD_INITIALIZER(name) { .obj = KLOOM_OBJECT_INIT(WAIT_QUEUE_HEAD), .lock = __SPIN_LOCK_INITIALIZER(name.lock), { .head = LIST_HEAD_INIT((name).head) } }
#define DECLARE_WAIT_QUEUE_HEAD(name) struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)
#define DEFINE_WAIT_FUNC(name, function) struct wait_queue_entry name = { .obj = KLOOM_OBJECT_INIT(WAIT_QUEUE_ENTRY), .private = current, .func = (function), { .entry = LIST_HEAD_INIT((name).entry) } }
#define DEFINE_WAIT(name) DEFINE_WAIT_FUNC(name, autoremove_wake_function)
void __init_waitqueue_head(struct wait_queue_head *wq_head, const char *name, struct lock_class_key *key); //@2n (re)initialises to an empty queue
void init_wait_entry(struct wait_queue_entry *wq_entry, int flags); //@2n entry for current with autoremove_wake_function
void add_wait_queue(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry); //@2a puts the entry at the front (after priority entries), not exclusive
void add_wait_queue_exclusive(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry); //@2a puts the entry at the end, exclusive
void add_wait_queue_priority(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry); //@4ga puts the entry first, with priority
void remove_wait_queue(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry); //@2a takes the entry off
void prepare_to_wait(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry, int state); //@2s queues the entry if it is not queued and sets current's state
bool prepare_to_wait_exclusive(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry, int state); //@2s as prepare_to_wait, exclusive, at the end; true if the queue was empty
long prepare_to_wait_event(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry, int state); //@2s as prepare_to_wait(_exclusive by flag); -ERESTARTSYS and unqueued when a pending signal forbids sleeping in that state
void finish_wait(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry); //@2s TASK_RUNNING, entry off the queue
long wait_woken(struct wait_queue_entry *wq_entry, unsigned mode, long timeout); //@4s sleeps unless woken_wake_function marked the entry; jiffies left
int woken_wake_function(struct wait_queue_entry *wq_entry, unsigned mode, int sync, void *key); //@4a marks the entry as woken and wakes its task
int autoremove_wake_function(struct wait_queue_entry *wq_entry, unsigned mode, int sync, void *key); //@2a default_wake_function, then takes the entry off if that woke it
int default_wake_function(struct wait_queue_entry *wq_entry, unsigned mode, int flags, void *key); //@2a tries to wake entry->private in the states of mode; 1 if it did
void __wake_up(struct wait_queue_head *wq_head, unsigned int mode, int nr, void *key); //@2a calls each entry's func in order; stops after nr exclusive ones woke (0: all)
void __wake_up_sync(struct wait_queue_head *wq_head, unsigned int mode); //@4ga __wake_up of one, the waker is about to sleep
void __wake_up_sync_key(struct wait_queue_head *wq_head, unsigned int mode, void *key); //@2ga as __wake_up of one exclusive, hinting that the waker is about to sleep
void __wake_up_locked(struct wait_queue_head *wq_head, unsigned int mode, int nr); //@4ga __wake_up with wq_head->lock held by the caller
void __wake_up_locked_key(struct wait_queue_head *wq_head, unsigned int mode, void *key); //@4ga __wake_up of one with the lock held
int kloom_waitqueue_active(struct wait_queue_head *wq_head); //@2a 1 if the queue has entries (a bare look, as in Linux)
long do_wait_intr(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry); //@4s one interruptible sleep with wq_head->lock held; -ERESTARTSYS
long do_wait_intr_irq(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry); //@4s as do_wait_intr, interrupts off
void sleep_on(struct wait_queue_head *q); //@4s removed in 3.15: sleeps in state D until woken; notes it
void interruptible_sleep_on(struct wait_queue_head *q); //@4s removed in 3.15: sleeps in state S until woken; notes it
long sleep_on_timeout(struct wait_queue_head *q, long timeout); //@4s removed in 3.15: as sleep_on with a timeout; jiffies left
long interruptible_sleep_on_timeout(struct wait_queue_head *q, long timeout); //@4s removed in 3.15: as interruptible_sleep_on with a timeout; jiffies left
#define init_waitqueue_head(q) do { static struct lock_class_key __key; __init_waitqueue_head((q), #q, &__key); } while (0)
#define init_waitqueue_entry(e, t) do { struct wait_queue_entry *__ie = (e); __ie->obj.magic = KLOOM_MAGIC_WAIT_QUEUE_ENTRY; __ie->obj.handle = 0; \
	__ie->flags = 0; __ie->private = (t); __ie->func = default_wake_function; } while (0)
#define init_waitqueue_func_entry(e, f) do { struct wait_queue_entry *__ie = (e); __ie->obj.magic = KLOOM_MAGIC_WAIT_QUEUE_ENTRY; __ie->obj.handle = 0; \
	__ie->flags = 0; __ie->private = NULL; __ie->func = (f); } while (0)
#define init_wait(e) init_wait_entry((e), 0)
#define waitqueue_active(q) kloom_waitqueue_active(q)
#define wq_has_sleeper(q) kloom_waitqueue_active(q)
#define wq_has_single_sleeper(q) (kloom_waitqueue_active(q) && list_is_singular(&(q)->head))
#define __add_wait_queue(q, e) add_wait_queue(q, e)
#define __remove_wait_queue(q, e) remove_wait_queue(q, e)
#define __add_wait_queue_entry_tail(q, e) add_wait_queue_exclusive(q, e)
#define wake_up(x) __wake_up((x), TASK_NORMAL, 1, NULL)
#define wake_up_nr(x, nr) __wake_up((x), TASK_NORMAL, (nr), NULL)
#define wake_up_all(x) __wake_up((x), TASK_NORMAL, 0, NULL)
#define wake_up_locked(x) __wake_up_locked((x), TASK_NORMAL, 1)
#define wake_up_all_locked(x) __wake_up_locked((x), TASK_NORMAL, 0)
#define wake_up_sync(x) __wake_up_sync((x), TASK_NORMAL)
#define wake_up_interruptible(x) __wake_up((x), TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_nr(x, nr) __wake_up((x), TASK_INTERRUPTIBLE, (nr), NULL)
#define wake_up_interruptible_all(x) __wake_up((x), TASK_INTERRUPTIBLE, 0, NULL)
#define wake_up_interruptible_sync(x) __wake_up_sync_key((x), TASK_INTERRUPTIBLE, NULL)
#define wake_up_killable(x) __wake_up((x), TASK_KILLABLE, 1, NULL)
#define poll_to_key(m) ((void *)(uintptr_t)(__poll_t)(m))
#define key_to_poll(m) ((__poll_t)(uintptr_t)(m))
#define wake_up_poll(x, m) __wake_up((x), TASK_NORMAL, 1, poll_to_key(m))
#define wake_up_interruptible_poll(x, m) __wake_up((x), TASK_INTERRUPTIBLE, 1, poll_to_key(m))
#define wake_up_interruptible_sync_poll(x, m) __wake_up_sync_key((x), TASK_INTERRUPTIBLE, poll_to_key(m))
#define wake_up_pollfree(x) __wake_up((x), TASK_NORMAL, 0, poll_to_key(0x4010))

/* The loop of the family. `__wret` starts as ret and may be changed by cmd; a signal's error replaces it. */
#define __kloom_wait(wq, cond, state, excl, ret, cmd) ({ \
	struct wait_queue_entry __we; long __wret = (ret), __wsig; \
	init_wait_entry(&__we, (excl) ? WQ_FLAG_EXCLUSIVE : 0); \
	while (__wsig = prepare_to_wait_event(&(wq), &__we, (state)), !(cond)) { \
		if (__wsig && ((state) & (TASK_INTERRUPTIBLE | TASK_WAKEKILL))) { __wret = __wsig; break; } \
		cmd; \
	} \
	finish_wait(&(wq), &__we); \
	__wret; \
})
#define ___wait_event(wq, cond, state, excl, ret, cmd) __kloom_wait(wq, cond, state, excl, ret, cmd)
/* True when waiting is over: the condition holds (with at least one jiffy left, so that 0 means timeout) or no time is left. */
#define __kloom_timed(cond, left) ({ bool __holds = !!(cond); if (__holds && !(left)) (left) = 1; __holds || !(left); })
#define ___wait_cond_timeout(cond) __kloom_timed(cond, __wret)
#define __kloom_wait_void(wq, cond, state, excl, cmd) do { might_sleep(); if (!(cond)) (void)__kloom_wait(wq, cond, state, excl, 0, cmd); } while (0)
#define __kloom_wait_int(wq, cond, state, excl, cmd) ({ int __res = 0; might_sleep(); if (!(cond)) __res = (int)__kloom_wait(wq, cond, state, excl, 0, cmd); __res; })
#define __kloom_wait_timeout(wq, cond, state, excl, t, before, after) ({ long __left = (t); might_sleep(); \
	if (!__kloom_timed(cond, __left)) __left = __kloom_wait(wq, __kloom_timed(cond, __wret), state, excl, __left, \
		before; __wret = schedule_timeout(__wret); after); \
	__left; })
#define wait_event(wq, cond) __kloom_wait_void(wq, cond, TASK_UNINTERRUPTIBLE, 0, schedule())
#define io_wait_event(wq, cond) __kloom_wait_void(wq, cond, TASK_UNINTERRUPTIBLE, 0, io_schedule())
#define wait_event_idle(wq, cond) __kloom_wait_void(wq, cond, TASK_IDLE, 0, schedule())
#define wait_event_idle_exclusive(wq, cond) __kloom_wait_void(wq, cond, TASK_IDLE, 1, schedule())
#define wait_event_exclusive_cmd(wq, cond, cmd1, cmd2) __kloom_wait_void(wq, cond, TASK_UNINTERRUPTIBLE, 1, cmd1; schedule(); cmd2)
#define wait_event_cmd(wq, cond, cmd1, cmd2) __kloom_wait_void(wq, cond, TASK_UNINTERRUPTIBLE, 0, cmd1; schedule(); cmd2)
#define wait_event_freezable(wq, cond) __kloom_wait_int(wq, cond, TASK_INTERRUPTIBLE | TASK_FREEZABLE, 0, schedule())
#define wait_event_freezable_exclusive(wq, cond) __kloom_wait_int(wq, cond, TASK_INTERRUPTIBLE | TASK_FREEZABLE, 1, schedule())
#define wait_event_interruptible(wq, cond) __kloom_wait_int(wq, cond, TASK_INTERRUPTIBLE, 0, schedule())
#define wait_event_interruptible_exclusive(wq, cond) __kloom_wait_int(wq, cond, TASK_INTERRUPTIBLE, 1, schedule())
#define wait_event_killable(wq, cond) __kloom_wait_int(wq, cond, TASK_KILLABLE, 0, schedule())
#define wait_event_killable_exclusive(wq, cond) __kloom_wait_int(wq, cond, TASK_KILLABLE, 1, schedule())
#define wait_event_state(wq, cond, state) __kloom_wait_int(wq, cond, state, 0, schedule())
#define wait_event_timeout(wq, cond, t) __kloom_wait_timeout(wq, cond, TASK_UNINTERRUPTIBLE, 0, t, , )
#define wait_event_cmd_timeout(wq, cond, t, c1, c2) __kloom_wait_timeout(wq, cond, TASK_UNINTERRUPTIBLE, 0, t, c1, c2)
#define wait_event_idle_timeout(wq, cond, t) __kloom_wait_timeout(wq, cond, TASK_IDLE, 0, t, , )
#define wait_event_idle_exclusive_timeout(wq, cond, t) __kloom_wait_timeout(wq, cond, TASK_IDLE, 1, t, , )
#define wait_event_interruptible_timeout(wq, cond, t) __kloom_wait_timeout(wq, cond, TASK_INTERRUPTIBLE, 0, t, , )
#define wait_event_freezable_timeout(wq, cond, t) __kloom_wait_timeout(wq, cond, TASK_INTERRUPTIBLE | TASK_FREEZABLE, 0, t, , )
#define wait_event_killable_timeout(wq, cond, t) __kloom_wait_timeout(wq, cond, TASK_KILLABLE, 0, t, , )
/* With a lock held by the caller, dropped around each sleep. */
#define wait_event_lock_irq_cmd(wq, cond, lock, cmd) do { if (!(cond)) (void)__kloom_wait(wq, cond, TASK_UNINTERRUPTIBLE, 0, 0, \
	spin_unlock_irq(&(lock)); cmd; schedule(); spin_lock_irq(&(lock))); } while (0)
#define wait_event_lock_irq(wq, cond, lock) wait_event_lock_irq_cmd(wq, cond, lock, )
#define wait_event_interruptible_lock_irq_cmd(wq, cond, lock, cmd) ({ int __res = 0; if (!(cond)) __res = (int)__kloom_wait(wq, cond, TASK_INTERRUPTIBLE, 0, 0, \
	spin_unlock_irq(&(lock)); cmd; schedule(); spin_lock_irq(&(lock))); __res; })
#define wait_event_interruptible_lock_irq(wq, cond, lock) wait_event_interruptible_lock_irq_cmd(wq, cond, lock, )
#define __kloom_wait_lock_timeout(wq, cond, lock, t, state) ({ long __left = (t); \
	if (!__kloom_timed(cond, __left)) __left = __kloom_wait(wq, __kloom_timed(cond, __wret), state, 0, __left, \
		spin_unlock_irq(&(lock)); __wret = schedule_timeout(__wret); spin_lock_irq(&(lock))); __left; })
#define wait_event_interruptible_lock_irq_timeout(wq, cond, lock, t) __kloom_wait_lock_timeout(wq, cond, lock, t, TASK_INTERRUPTIBLE)
#define wait_event_lock_irq_timeout(wq, cond, lock, t) __kloom_wait_lock_timeout(wq, cond, lock, t, TASK_UNINTERRUPTIBLE)
/* With wq.lock held by the caller. */
#define __kloom_wait_locked(wq, cond, excl, fn) ({ int __res = 0; DEFINE_WAIT(__we); if (excl) __we.flags |= WQ_FLAG_EXCLUSIVE; \
	while (!(cond)) { __res = (int)fn(&(wq), &__we); if (__res) break; } __remove_wait_queue(&(wq), &__we); __set_current_state(TASK_RUNNING); __res; })
#define wait_event_interruptible_locked(wq, cond) ((cond) ? 0 : __kloom_wait_locked(wq, cond, 0, do_wait_intr))
#define wait_event_interruptible_locked_irq(wq, cond) ((cond) ? 0 : __kloom_wait_locked(wq, cond, 0, do_wait_intr_irq))
#define wait_event_interruptible_exclusive_locked(wq, cond) ((cond) ? 0 : __kloom_wait_locked(wq, cond, 1, do_wait_intr))
#define wait_event_interruptible_exclusive_locked_irq(wq, cond) ((cond) ? 0 : __kloom_wait_locked(wq, cond, 1, do_wait_intr_irq))
/* With a high-resolution timeout (ktime_t, relative): 0, -ETIME, or -ERESTARTSYS. */
#define __kloom_wait_hr(wq, cond, t, state) ({ int __res = 0; might_sleep(); if (!(cond)) { \
	ktime_t __end = ktime_add_safe(ktime_get(), (t)); bool __forever = (t) == KTIME_MAX; \
	__res = (int)__kloom_wait(wq, cond, state, 0, 0, \
		if (__forever) schedule(); \
		else if (schedule_hrtimeout(&__end, HRTIMER_MODE_ABS) == 0) { __wret = -ETIME; break; }); } __res; })
#define wait_event_hrtimeout(wq, cond, t) __kloom_wait_hr(wq, cond, t, TASK_UNINTERRUPTIBLE)
#define wait_event_interruptible_hrtimeout(wq, cond, t) __kloom_wait_hr(wq, cond, t, TASK_INTERRUPTIBLE)
#include <linux/sched.h>
#include <linux/hrtimer_types.h>
#endif
