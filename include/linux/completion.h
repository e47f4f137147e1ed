//! Completions.
#ifndef KLOOM_LINUX_COMPLETION_H
#define KLOOM_LINUX_COMPLETION_H
#include <linux/swait.h>
struct completion {
	struct kloom_object obj;
	unsigned int done; /* mirror; UINT_MAX after complete_all() */
	struct swait_queue_head wait;
};
#define COMPLETION_INITIALIZER(work) { .obj = KLOOM_OBJECT_INIT(COMPLETION), .done = 0 }
#define COMPLETION_INITIALIZER_ONSTACK(work) ({ init_completion(&work); work; })
#define DECLARE_COMPLETION(work) struct completion work = COMPLETION_INITIALIZER(work)
#define DECLARE_COMPLETION_ONSTACK(work) struct completion work = COMPLETION_INITIALIZER(work)
#define INIT_COMPLETION(x) reinit_completion(&(x))
void kloom_init_completion(struct completion *x, const char *name, struct lock_class_key *key); //@2n (re)initialises, done = 0
void kloom_reinit_completion(struct completion *x); //@2a done = 0 again
void wait_for_completion(struct completion *x); //@2s waits in state D until done, takes one
void wait_for_completion_io(struct completion *x); //@4s as wait_for_completion, counted as I/O wait
int wait_for_completion_interruptible(struct completion *x); //@2s 0, or -ERESTARTSYS on a signal
int wait_for_completion_killable(struct completion *x); //@2s 0, or -ERESTARTSYS on a fatal signal
int wait_for_completion_state(struct completion *x, unsigned int state); //@4s waits in the given state
unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout); //@2s jiffies left (at least 1), 0 on timeout
unsigned long wait_for_completion_io_timeout(struct completion *x, unsigned long timeout); //@4s as wait_for_completion_timeout
long wait_for_completion_interruptible_timeout(struct completion *x, unsigned long timeout); //@2s jiffies left, 0 on timeout, -ERESTARTSYS
long wait_for_completion_killable_timeout(struct completion *x, unsigned long timeout); //@2s jiffies left, 0 on timeout, -ERESTARTSYS
bool try_wait_for_completion(struct completion *x); //@2a takes one if done: true
bool completion_done(struct completion *x); //@2a true if done and no one waits
void complete(struct completion *x); //@2a adds one and wakes the first waiter
void complete_all(struct completion *x); //@2a opens it for everyone until reinitialised
#define init_completion(x) do { static struct lock_class_key __key; kloom_init_completion((x), #x, &__key); } while (0)
#define init_completion_map(x, m) init_completion(x)
#define reinit_completion(x) kloom_reinit_completion(x)
#endif
