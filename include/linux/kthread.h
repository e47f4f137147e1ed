//! Kernel threads. Behaviour: Linux 6.1 kernel/kthread.c.
#ifndef KLOOM_LINUX_KTHREAD_H
#define KLOOM_LINUX_KTHREAD_H
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/completion.h>
#include <linux/list.h>
#define NUMA_NO_NODE (-1)
struct mm_struct;
__printf(4, 5) struct task_struct *kthread_create_on_node(int (*threadfn)(void *data), void *data, int node, const char *namefmt, ...); //@2s creates a thread asleep (TASK_UNINTERRUPTIBLE until first woken), named printf-like; ERR_PTR(-ENOMEM), or -EINTR if the caller got a fatal signal
struct task_struct *kthread_create_on_cpu(int (*threadfn)(void *data), void *data, unsigned int cpu, const char *namefmt); //@2s creates a thread bound to a CPU; the name may hold one %u for the CPU; to be parked/unparked per CPU
void kthread_bind(struct task_struct *k, unsigned int cpu); //@2s binds a just created thread; warns unless it never ran
void kthread_bind_mask(struct task_struct *k, const struct cpumask *mask); //@2s as kthread_bind for a set (not exported to modules by 6.1)
int kthread_stop(struct task_struct *k); //@2s sets the stop flag, unparks, wakes and waits for the thread's end; its result; -EINTR if it never ran
int kthread_stop_put(struct task_struct *k); //@2s kthread_stop, then drops one reference (6.7)
bool kthread_should_stop(void); //@2a true once kthread_stop was called on the caller
bool kthread_should_park(void); //@2a true once kthread_park was called on the caller
bool kthread_should_stop_or_park(void); //@2a either of both
bool __kthread_should_park(struct task_struct *k); //@2ga kthread_should_park for another thread
bool kthread_freezable_should_stop(bool *was_frozen); //@2gs freezes if asked, then kthread_should_stop
void *kthread_func(struct task_struct *task); //@2gn the thread function, NULL if it is not a kthread
void *kthread_data(struct task_struct *task); //@2gn the data pointer given at creation
void *kthread_probe_data(struct task_struct *task); //@2n as kthread_data, NULL if it is not a kthread
int kthread_park(struct task_struct *k); //@2gs asks the thread to park and waits until it did; 0, -ENOSYS when it is exiting, -EBUSY when already asked
void kthread_unpark(struct task_struct *k); //@2ga lets a parked thread go on (rebinding a per-CPU one)
void kthread_parkme(void); //@2gs parks the caller if it was asked to
/* Modules of the years before had functions of these names. */
#if KLOOM_VERSION_GE(5, 17)
void kthread_exit(long result) __noreturn; //@2s ends the calling kthread with this result
void kthread_complete_and_exit(struct completion *comp, long code) __noreturn; //@2s completes comp (may be NULL), then kthread_exit
#endif
void kthread_set_per_cpu(struct task_struct *k, int cpu); //@4n marks a thread as per-CPU
bool kthread_is_per_cpu(struct task_struct *k); //@4gn true for a per-CPU thread
void kthread_use_mm(struct mm_struct *mm); //@4gs adopts a user address space
void kthread_unuse_mm(struct mm_struct *mm); //@4gs gives it back
int tsk_fork_get_node(struct task_struct *tsk); //@4n NUMA node for a new thread: -1
#define kthread_create(threadfn, data, namefmt, arg...) kthread_create_on_node(threadfn, data, NUMA_NO_NODE, namefmt, ##arg)
#define kthread_run(threadfn, data, namefmt, ...) ({ \
	struct task_struct *__kt = kthread_create(threadfn, data, namefmt, ##__VA_ARGS__); \
	if (!IS_ERR(__kt)) \
		wake_up_process(__kt); \
	__kt; })
#define kthread_run_on_cpu(threadfn, data, cpu, namefmt) ({ \
	struct task_struct *__kt = kthread_create_on_cpu(threadfn, data, cpu, namefmt); \
	if (!IS_ERR(__kt)) \
		wake_up_process(__kt); \
	__kt; })
#define use_mm(mm) kthread_use_mm(mm)
#define unuse_mm(mm) kthread_unuse_mm(mm)

/* Workers: a kthread that serves a queue. */
struct kthread_work;
typedef void (*kthread_work_func_t)(struct kthread_work *work);
void kthread_delayed_work_timer_fn(struct timer_list *t); //@4ga puts a delayed work on its worker's list when its time has come
enum { KTW_FREEZABLE = 1 << 0 };
struct kthread_worker {
	struct kloom_object obj;
	unsigned int flags;
	raw_spinlock_t lock;
	struct list_head work_list;
	struct list_head delayed_work_list;
	struct task_struct *task;
	struct kthread_work *current_work;
};
struct kthread_work {
	struct kloom_object obj;
	struct list_head node;
	kthread_work_func_t func;
	struct kthread_worker *worker;
	int canceling;
};
struct kthread_delayed_work {
	struct kthread_work work;
	struct timer_list timer;
};
#define KTHREAD_WORKER_INIT(worker) { .obj = KLOOM_OBJECT_INIT(KTHREAD_WORKER), .lock = __RAW_SPIN_LOCK_INITIALIZER((worker).lock), \
	.work_list = LIST_HEAD_INIT((worker).work_list), .delayed_work_list = LIST_HEAD_INIT((worker).delayed_work_list) }
#define KTHREAD_WORK_INIT(work, fn) { .obj = KLOOM_OBJECT_INIT(KTHREAD_WORK), .node = LIST_HEAD_INIT((work).node), .func = (fn) }
#define KTHREAD_DELAYED_WORK_INIT(dwork, fn) { .work = KTHREAD_WORK_INIT((dwork).work, (fn)), .timer = __TIMER_INITIALIZER(kthread_delayed_work_timer_fn, TIMER_IRQSAFE) }
#define DEFINE_KTHREAD_WORKER(worker) struct kthread_worker worker = KTHREAD_WORKER_INIT(worker)
#define DEFINE_KTHREAD_WORKER_ONSTACK(worker) DEFINE_KTHREAD_WORKER(worker)
#define DEFINE_KTHREAD_WORK(work, fn) struct kthread_work work = KTHREAD_WORK_INIT(work, fn)
#define DEFINE_KTHREAD_DELAYED_WORK(dwork, fn) struct kthread_delayed_work dwork = KTHREAD_DELAYED_WORK_INIT(dwork, fn)
void __kthread_init_worker(struct kthread_worker *worker, const char *name, struct lock_class_key *key); //@4gn (re)initialises
void kloom_kthread_init_work(struct kthread_work *work, kthread_work_func_t fn, const char *name, struct lock_class_key *key); //@4n (re)initialises a work
void kloom_kthread_init_delayed_work(struct kthread_delayed_work *dwork, kthread_work_func_t fn, const char *name, struct lock_class_key *key); //@4n (re)initialises a delayed work and its timer
#define kthread_init_worker(w) do { static struct lock_class_key __key; __kthread_init_worker((w), "(" #w ")->lock", &__key); } while (0)
#define kthread_init_work(w, fn) do { static struct lock_class_key __key; kloom_kthread_init_work((w), (fn), #w, &__key); } while (0)
#define kthread_init_delayed_work(d, fn) do { static struct lock_class_key __key; kloom_kthread_init_delayed_work((d), (fn), #d, &__key); } while (0)
int kthread_worker_fn(void *worker_ptr); //@4gs the thread function that serves a worker until stopped
__printf(2, 3) struct kthread_worker *kthread_create_worker(unsigned int flags, const char *namefmt, ...); //@4s a worker with its thread running; ERR_PTR
__printf(3, 4) struct kthread_worker *kthread_create_worker_on_cpu(int cpu, unsigned int flags, const char *namefmt, ...); //@4s as kthread_create_worker, bound to a CPU
bool kthread_queue_work(struct kthread_worker *worker, struct kthread_work *work); //@4ga queues a work; false if it was queued already
bool kthread_queue_delayed_work(struct kthread_worker *worker, struct kthread_delayed_work *dwork, unsigned long delay); //@4ga queues after so many jiffies; false if pending
bool kthread_mod_delayed_work(struct kthread_worker *worker, struct kthread_delayed_work *dwork, unsigned long delay); //@4ga changes the delay or queues; true if it was pending
void kthread_flush_work(struct kthread_work *work); //@4gs waits for the work's last queued run
void kthread_flush_worker(struct kthread_worker *worker); //@4gs waits for all queued works
bool kthread_cancel_work_sync(struct kthread_work *work); //@4gs takes the work off and waits for a running one; true if it was pending
bool kthread_cancel_delayed_work_sync(struct kthread_delayed_work *work); //@4gs as kthread_cancel_work_sync for a delayed work
void kthread_destroy_worker(struct kthread_worker *worker); //@4s flushes, stops and frees a created worker
#define init_kthread_worker(w) kthread_init_worker(w)
#define init_kthread_work(w, fn) kthread_init_work(w, fn)
#define queue_kthread_work(w, k) kthread_queue_work(w, k)
#define flush_kthread_work(k) kthread_flush_work(k)
#define flush_kthread_worker(w) kthread_flush_worker(w)
#endif
