//! Simple wait queues.
#ifndef KLOOM_LINUX_SWAIT_H
#define KLOOM_LINUX_SWAIT_H
#include <linux/list.h>
#include <linux/spinlock_types.h>
#include <linux/wait.h>
struct task_struct;
struct swait_queue_head {
	struct kloom_object obj;
	raw_spinlock_t lock;
	struct list_head task_list;
};
struct swait_queue {
	struct kloom_object obj;
	struct task_struct *task;
	struct list_head task_list;
};
#define __SWAIT_QUEUE_HEAD_INITIALIZER(name) { .obj = KLOOM_OBJECT_INIT(SWAIT_QUEUE_HEAD), .task_list = LIST_HEAD_INIT((name).task_list) }
#define DECLARE_SWAIT_QUEUE_HEAD(name) struct swait_queue_head name = __SWAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_SWAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_SWAIT_QUEUE_HEAD(name)
#define DECLARE_SWAITQUEUE(name) struct swait_queue name = { .obj = KLOOM_OBJECT_INIT(SWAIT_QUEUE), .task = current, .task_list = LIST_HEAD_INIT((name).task_list) }
void __init_swait_queue_head(struct swait_queue_head *q, const char *name, struct lock_class_key *key); //@4n (re)initialises
void swake_up_one(struct swait_queue_head *q); //@4a wakes the first waiter
void swake_up_all(struct swait_queue_head *q); //@4s wakes every waiter
void prepare_to_swait_exclusive(struct swait_queue_head *q, struct swait_queue *wait, int state); //@4s queues the caller and sets its state
long prepare_to_swait_event(struct swait_queue_head *q, struct swait_queue *wait, int state); //@4s as prepare_to_swait_exclusive; -ERESTARTSYS when a signal forbids sleeping
void finish_swait(struct swait_queue_head *q, struct swait_queue *wait); //@4s running again, off the queue
int kloom_swait_active(struct swait_queue_head *q); //@4a 1 if someone waits
#define init_swait_queue_head(q) do { static struct lock_class_key __key; __init_swait_queue_head((q), #q, &__key); } while (0)
#define swait_active(q) kloom_swait_active(q)
#define swq_has_sleeper(q) kloom_swait_active(q)
#define __kloom_swait(wq, cond, state, ret, cmd) ({ DECLARE_SWAITQUEUE(__we); long __wret = (ret), __wsig; \
	while (__wsig = prepare_to_swait_event(&(wq), &__we, (state)), !(cond)) { \
		if (__wsig && ((state) & (TASK_INTERRUPTIBLE | TASK_WAKEKILL))) { __wret = __wsig; break; } cmd; } \
	finish_swait(&(wq), &__we); __wret; })
#define swait_event_exclusive(wq, cond) do { if (!(cond)) (void)__kloom_swait(wq, cond, TASK_UNINTERRUPTIBLE, 0, schedule()); } while (0)
#define swait_event_interruptible_exclusive(wq, cond) ({ (cond) ? 0 : (int)__kloom_swait(wq, cond, TASK_INTERRUPTIBLE, 0, schedule()); })
#define swait_event_idle_exclusive(wq, cond) do { if (!(cond)) (void)__kloom_swait(wq, cond, TASK_IDLE, 0, schedule()); } while (0)
#define swait_event_timeout_exclusive(wq, cond, t) ({ long __left = (t); if (!__kloom_timed(cond, __left)) \
	__left = __kloom_swait(wq, __kloom_timed(cond, __wret), TASK_UNINTERRUPTIBLE, __left, __wret = schedule_timeout(__wret)); __left; })
#define swait_event_interruptible_timeout_exclusive(wq, cond, t) ({ long __left = (t); if (!__kloom_timed(cond, __left)) \
	__left = __kloom_swait(wq, __kloom_timed(cond, __wret), TASK_INTERRUPTIBLE, __left, __wret = schedule_timeout(__wret)); __left; })
#endif
