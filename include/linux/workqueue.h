//! Work queues. Behaviour: Linux 6.1 kernel/workqueue.c.
#ifndef KLOOM_LINUX_WORKQUEUE_H
#define KLOOM_LINUX_WORKQUEUE_H
#include <linux/timer.h>
#include <linux/linkage.h>
#include <linux/bitops.h>
#include <linux/lockdep.h>
#include <linux/threads.h>
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/rcupdate.h>
struct workqueue_struct;
struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);
struct work_struct {
	struct kloom_object obj;
	atomic_long_t data;
	struct list_head entry;
	work_func_t func;
};
struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
	struct workqueue_struct *wq;
	int cpu;
};
struct rcu_work {
	struct work_struct work;
	struct rcu_head rcu;
	struct workqueue_struct *wq;
};
struct workqueue_attrs { int nice; cpumask_t *cpumask; bool no_numa; };
struct execute_work { struct work_struct work; };
enum {
	WORK_STRUCT_PENDING_BIT = 0, WORK_STRUCT_PENDING = 1, WORK_CPU_UNBOUND = 64, WORK_BUSY_PENDING = 1, WORK_BUSY_RUNNING = 2, WORKER_DESC_LEN = 24,
	WQ_UNBOUND = 1 << 1, WQ_FREEZABLE = 1 << 2, WQ_MEM_RECLAIM = 1 << 3, WQ_HIGHPRI = 1 << 4, WQ_CPU_INTENSIVE = 1 << 5, WQ_SYSFS = 1 << 6,
	WQ_POWER_EFFICIENT = 1 << 7, __WQ_DESTROYING = 1 << 15, __WQ_DRAINING = 1 << 16, __WQ_ORDERED = 1 << 17, __WQ_LEGACY = 1 << 18, __WQ_ORDERED_EXPLICIT = 1 << 19,
	WQ_MAX_ACTIVE = 512, WQ_MAX_UNBOUND_PER_CPU = 4, WQ_DFL_ACTIVE = 256, WQ_UNBOUND_MAX_ACTIVE = 512,
};
#define WQ_RESCUER WQ_MEM_RECLAIM
#define WQ_NON_REENTRANT 0
extern struct workqueue_struct *system_wq; //@4n the per-CPU queue behind schedule_work()
extern struct workqueue_struct *system_highpri_wq; //@4gn per-CPU, high priority
extern struct workqueue_struct *system_long_wq; //@4gn per-CPU, for long works
extern struct workqueue_struct *system_unbound_wq; //@4gn not bound to a CPU
extern struct workqueue_struct *system_freezable_wq; //@4gn freezable
extern struct workqueue_struct *system_power_efficient_wq; //@4gn power efficient
extern struct workqueue_struct *system_freezable_power_efficient_wq; //@4gn both
void delayed_work_timer_fn(struct timer_list *t); //@4n queues a delayed work when its time has come
void kloom_init_work(struct work_struct *work, work_func_t func, int onstack, const char *name, struct lock_class_key *key); //@4n (re)initialises: not pending, func set
void kloom_init_delayed_work(struct delayed_work *dwork, work_func_t func, unsigned int tflags, int onstack, const char *name, struct lock_class_key *key); //@4n (re)initialises the work and its timer
void kloom_init_rcu_work(struct rcu_work *rwork, work_func_t func, const char *name, struct lock_class_key *key); //@4n (re)initialises
__printf(1, 4) struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags, int max_active, ...); //@4gs makes a queue named printf-like; NULL without memory
void destroy_workqueue(struct workqueue_struct *wq); //@4gs drains and frees it
struct workqueue_attrs *alloc_workqueue_attrs(void); //@4n default attributes
void free_workqueue_attrs(struct workqueue_attrs *attrs); //@4n frees them
int apply_workqueue_attrs(struct workqueue_struct *wq, const struct workqueue_attrs *attrs); //@4s changes an unbound queue; 0 or -errno
bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work); //@4a queues on a CPU (WORK_CPU_UNBOUND: here); false if it was pending
bool queue_work_node(int node, struct workqueue_struct *wq, struct work_struct *work); //@4ga queues near a NUMA node
bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay); //@4a queues after so many jiffies; false if pending
bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay); //@4ga changes the delay or queues; true if it was pending
bool queue_rcu_work(struct workqueue_struct *wq, struct rcu_work *rwork); //@4a queues after an RCU grace period
void __flush_workqueue(struct workqueue_struct *wq); //@4s waits for everything queued before the call
void drain_workqueue(struct workqueue_struct *wq); //@4gs waits until the queue is empty; only its own works may still queue
bool flush_work(struct work_struct *work); //@4gs waits for the last queued run; false if it was idle
bool flush_delayed_work(struct delayed_work *dwork); //@4s queues it at once if its timer runs, then flush_work
bool flush_rcu_work(struct rcu_work *rwork); //@4s waits for grace period and run
bool cancel_work(struct work_struct *work); //@4a takes a pending work off: true
bool cancel_work_sync(struct work_struct *work); //@4gs takes it off and waits for a running one; true if it was pending
bool cancel_delayed_work(struct delayed_work *dwork); //@4a takes a pending delayed work off: true
bool cancel_delayed_work_sync(struct delayed_work *dwork); //@4s takes it off and waits for a running one; true if it was pending
void workqueue_set_max_active(struct workqueue_struct *wq, int max_active); //@4gs changes max_active
struct work_struct *current_work(void); //@4n the work the calling worker runs, or NULL
bool current_is_workqueue_rescuer(void); //@4n true in a rescuer
bool workqueue_congested(int cpu, struct workqueue_struct *wq); //@4gn true if works wait for max_active
unsigned int work_busy(struct work_struct *work); //@4gn WORK_BUSY_* bits
__printf(1, 2) void set_worker_desc(const char *fmt, ...); //@4gn describes the running worker
int schedule_on_each_cpu(work_func_t func); //@4s runs func on every CPU and waits; 0 or -ENOMEM
int execute_in_process_context(work_func_t fn, struct execute_work *ew); //@4ga runs fn now, or queues it from an interrupt: 1
long work_on_cpu(int cpu, long (*fn)(void *), void *arg); //@4gs runs fn on a CPU and returns its result
int kloom_work_pending(struct work_struct *work); //@4n 1 while queued
void kloom_old_work(struct work_struct *work, void (*fn)(void *), void *data, const char *name, struct lock_class_key *key); //@4n INIT_WORK of the years before 2.6.20: fn takes data; notes it
#define __WORK_INITIALIZER(n, f) { .obj = KLOOM_OBJECT_INIT(WORK), .data = ATOMIC_LONG_INIT(0), .entry = { &(n).entry, &(n).entry }, .func = (f) }
#define __DELAYED_WORK_INITIALIZER(n, f, tflags) { .work = { .obj = KLOOM_OBJECT_INIT(DELAYED_WORK), .entry = { &(n).work.entry, &(n).work.entry }, .func = (f) }, \
	.timer = __TIMER_INITIALIZER(delayed_work_timer_fn, (tflags) | TIMER_IRQSAFE) }
#define DECLARE_WORK(n, f) struct work_struct n = __WORK_INITIALIZER(n, f)
#define DECLARE_DELAYED_WORK(n, f) struct delayed_work n = __DELAYED_WORK_INITIALIZER(n, f, 0)
#define DECLARE_DEFERRABLE_WORK(n, f) struct delayed_work n = __DELAYED_WORK_INITIALIZER(n, f, TIMER_DEFERRABLE)
#define __kloom_init_work(w, f, stack) do { static struct lock_class_key __key; kloom_init_work((w), (f), (stack), #w, &__key); } while (0)
#define __kloom_init_work_2(w, f) __kloom_init_work(w, f, 0)
#define __kloom_init_work_3(w, f, d) do { static struct lock_class_key __key; kloom_old_work((w), (void (*)(void *))(f), (d), #w, &__key); } while (0)
#define __kloom_work_pick(_1, _2, _3, f, ...) f
#define INIT_WORK(...) __kloom_work_pick(__VA_ARGS__, __kloom_init_work_3, __kloom_init_work_2)(__VA_ARGS__)
#define PREPARE_WORK(w, f) do { (w)->func = (f); } while (0)
#define INIT_WORK_ONSTACK(w, f) __kloom_init_work(w, f, 1)
#define __kloom_init_dwork(w, f, fl, stack) do { static struct lock_class_key __key; kloom_init_delayed_work((w), (f), (fl), (stack), #w, &__key); } while (0)
#define INIT_DELAYED_WORK(w, f) __kloom_init_dwork(w, f, 0, 0)
#define INIT_DELAYED_WORK_ONSTACK(w, f) __kloom_init_dwork(w, f, 0, 1)
#define INIT_DEFERRABLE_WORK(w, f) __kloom_init_dwork(w, f, TIMER_DEFERRABLE, 0)
#define INIT_DELAYED_WORK_DEFERRABLE(w, f) INIT_DEFERRABLE_WORK(w, f)
#define INIT_RCU_WORK(w, f) do { static struct lock_class_key __key; kloom_init_rcu_work((w), (f), #w, &__key); } while (0)
#define destroy_work_on_stack(w) do { (void)(w); } while (0)
#define destroy_delayed_work_on_stack(w) do { (void)(w); } while (0)
#define work_pending(w) kloom_work_pending(w)
#define delayed_work_pending(w) (work_pending(&(w)->work) || timer_pending(&(w)->timer))
#define alloc_ordered_workqueue(fmt, flags, args...) alloc_workqueue(fmt, WQ_UNBOUND | __WQ_ORDERED | __WQ_ORDERED_EXPLICIT | (flags), 1, ##args)
#define create_workqueue(name) alloc_workqueue("%s", __WQ_LEGACY | WQ_MEM_RECLAIM, 1, (name))
#define create_freezable_workqueue(name) alloc_workqueue("%s", __WQ_LEGACY | WQ_FREEZABLE | WQ_UNBOUND | WQ_MEM_RECLAIM, 1, (name))
#define create_singlethread_workqueue(name) alloc_ordered_workqueue("%s", __WQ_LEGACY | WQ_MEM_RECLAIM, name)
#define create_rt_workqueue(name) alloc_workqueue("%s", WQ_HIGHPRI, 1, (name))
#define flush_workqueue(wq) __flush_workqueue(wq)
#define flush_scheduled_work() __flush_workqueue(system_wq)
#define cancel_rearming_delayed_work(w) cancel_delayed_work_sync(w)
#define cancel_rearming_delayed_workqueue(wq, w) cancel_delayed_work_sync(w)
#define flush_delayed_work_sync(w) flush_delayed_work(w)
#define flush_work_sync(w) flush_work(w)
#define system_nrt_wq system_wq
static __always_inline bool queue_work(struct workqueue_struct *wq, struct work_struct *work) { return queue_work_on(WORK_CPU_UNBOUND, wq, work); }
static __always_inline bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay) { return queue_delayed_work_on(WORK_CPU_UNBOUND, wq, dwork, delay); }
static __always_inline bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay) { return mod_delayed_work_on(WORK_CPU_UNBOUND, wq, dwork, delay); }
static __always_inline bool schedule_work_on(int cpu, struct work_struct *work) { return queue_work_on(cpu, system_wq, work); }
static __always_inline bool schedule_work(struct work_struct *work) { return queue_work_on(WORK_CPU_UNBOUND, system_wq, work); }
static __always_inline bool schedule_delayed_work_on(int cpu, struct delayed_work *dwork, unsigned long delay) { return queue_delayed_work_on(cpu, system_wq, dwork, delay); }
static __always_inline bool schedule_delayed_work(struct delayed_work *dwork, unsigned long delay) { return queue_delayed_work_on(WORK_CPU_UNBOUND, system_wq, dwork, delay); }
static inline struct delayed_work *to_delayed_work(struct work_struct *work) { return container_of(work, struct delayed_work, work); }
static inline struct rcu_work *to_rcu_work(struct work_struct *work) { return container_of(work, struct rcu_work, work); }
#endif
