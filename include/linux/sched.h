//! Tasks and the scheduler. `struct task_struct` is a layout shared with the simulated kernel.
#ifndef KLOOM_LINUX_SCHED_H
#define KLOOM_LINUX_SCHED_H
#include <uapi/linux/sched.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/thread_info.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/signal_types.h>
#include <linux/mm_types_task.h>
#include <linux/spinlock.h>
#include <linux/time_types.h>
#include <linux/jiffies.h>
#include <linux/pid.h>
#include <linux/uidgid.h>
#include <linux/kloom_task.h>
#include <asm/current.h>
#include <asm/processor.h>
#include <linux/err.h>
#include <linux/smp.h>
#include <linux/stat.h>
#include <linux/string.h>

#define TASK_RUNNING 0x00000000
#define TASK_INTERRUPTIBLE 0x00000001
#define TASK_UNINTERRUPTIBLE 0x00000002
#define __TASK_STOPPED 0x00000004
#define __TASK_TRACED 0x00000008
#define EXIT_DEAD 0x00000010
#define EXIT_ZOMBIE 0x00000020
#define EXIT_TRACE (EXIT_ZOMBIE | EXIT_DEAD)
#define TASK_PARKED 0x00000040
#define TASK_DEAD 0x00000080
#define TASK_WAKEKILL 0x00000100
#define TASK_WAKING 0x00000200
#define TASK_NOLOAD 0x00000400
#define TASK_NEW 0x00000800
#define TASK_RTLOCK_WAIT 0x00001000
#define TASK_FREEZABLE 0x00002000
#define TASK_FREEZABLE_UNSAFE 0
#define TASK_FROZEN 0x00008000
#define TASK_STATE_MAX 0x00010000
#define TASK_ANY (TASK_STATE_MAX - 1)
#define TASK_KILLABLE (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_STOPPED (TASK_WAKEKILL | __TASK_STOPPED)
#define TASK_TRACED __TASK_TRACED
#define TASK_IDLE (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define TASK_REPORT (TASK_RUNNING | TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE | __TASK_STOPPED | __TASK_TRACED | EXIT_DEAD | EXIT_ZOMBIE | TASK_PARKED)

#define PF_VCPU 0x00000001
#define PF_IDLE 0x00000002
#define PF_EXITING 0x00000004
#define PF_POSTCOREDUMP 0x00000008
#define PF_IO_WORKER 0x00000010
#define PF_WQ_WORKER 0x00000020
#define PF_FORKNOEXEC 0x00000040
#define PF_SUPERPRIV 0x00000100
#define PF_DUMPCORE 0x00000200
#define PF_SIGNALED 0x00000400
#define PF_MEMALLOC 0x00000800
#define PF_NPROC_EXCEEDED 0x00001000
#define PF_USED_MATH 0x00002000
#define PF_NOFREEZE 0x00008000
#define PF_KSWAPD 0x00020000
#define PF_MEMALLOC_NOFS 0x00040000
#define PF_MEMALLOC_NOIO 0x00080000
#define PF_KTHREAD 0x00200000
#define PF_RANDOMIZE 0x00400000
#define PF_NO_SETAFFINITY 0x04000000
#define PF_MCE_EARLY 0x08000000

#define MAX_SCHEDULE_TIMEOUT LONG_MAX
#define MAX_NICE 19
#define MIN_NICE -20
#define NICE_WIDTH 40
#define MAX_RT_PRIO 100
#define MAX_USER_RT_PRIO 100
#define MAX_PRIO (MAX_RT_PRIO + NICE_WIDTH)
#define DEFAULT_PRIO (MAX_RT_PRIO + NICE_WIDTH / 2)
#define NICE_TO_PRIO(nice) ((nice) + DEFAULT_PRIO)
#define PRIO_TO_NICE(prio) ((prio) - DEFAULT_PRIO)

/* Waking, sleeping, giving way. */
void schedule(void); //@2s gives the CPU away; the task stays off it while its state says so
void io_schedule(void); //@4s schedule() counted as I/O wait
long schedule_timeout(long timeout); //@2s sleeps in the state already set; jiffies left; MAX_SCHEDULE_TIMEOUT waits for ever; a negative timeout is reported and returns at once
long schedule_timeout_interruptible(long timeout); //@2s sets TASK_INTERRUPTIBLE, then schedule_timeout
long schedule_timeout_killable(long timeout); //@2s sets TASK_KILLABLE, then schedule_timeout
long schedule_timeout_uninterruptible(long timeout); //@2s sets TASK_UNINTERRUPTIBLE, then schedule_timeout
long schedule_timeout_idle(long timeout); //@2s sets TASK_IDLE, then schedule_timeout
long io_schedule_timeout(long timeout); //@4s schedule_timeout counted as I/O wait
void yield(void); //@2s moves the caller behind the other runnable tasks of its CPU
int wake_up_process(struct task_struct *tsk); //@2a makes the task runnable if it sleeps in TASK_NORMAL: 1, else 0
int wake_up_state(struct task_struct *tsk, unsigned int state); //@2a as wake_up_process for the states given
void kloom_set_current_state(unsigned int state); //@2a sets current's state with a full barrier
void kloom_set_current_state_plain(unsigned int state); //@2a sets current's state without a barrier
int kloom_need_resched(void); //@2n 1 if the scheduler wants the CPU
#define set_current_state(s) kloom_set_current_state(s)
#define __set_current_state(s) kloom_set_current_state_plain(s)
#define set_special_state(s) kloom_set_current_state(s)
#define set_task_state(t, s) do { WRITE_ONCE((t)->__state, (s)); smp_mb(); } while (0)
#define __set_task_state(t, s) WRITE_ONCE((t)->__state, (s))
#define get_current_state() READ_ONCE(current->__state)
#define task_is_running(t) (READ_ONCE((t)->__state) == TASK_RUNNING)
#define task_is_traced(t) ((READ_ONCE((t)->__state) & __TASK_TRACED) != 0)
#define task_is_stopped(t) ((READ_ONCE((t)->__state) & __TASK_STOPPED) != 0)
#define task_is_stopped_or_traced(t) ((READ_ONCE((t)->__state) & (__TASK_STOPPED | __TASK_TRACED)) != 0)
#define need_resched() kloom_need_resched()
#define cond_resched() ({ __might_sleep(__FILE__, __LINE__); __cond_resched(); })
#define _cond_resched() cond_resched()
#define cond_resched_lock(l) ({ spin_unlock(l); cond_resched(); spin_lock(l); 1; })
#define cond_resched_rcu() cond_resched()
#define cond_resched_tasks_rcu_qs() cond_resched()
#define preempt_schedule() do { } while (0)
void sched_show_task(struct task_struct *p); //@4gn prints one line and the stack of a task
void show_state(void); //@4n prints every task
unsigned int kloom_task_state_index(struct task_struct *tsk); //@4n index of the state's letter in "RSDTtXZPI"
char kloom_task_state_to_char(struct task_struct *tsk); //@4n the state's letter as ps shows it
#define task_state_to_char(t) kloom_task_state_to_char(t)
#define task_state_index(t) kloom_task_state_index(t)

/* Priorities, policies, affinity. */
struct sched_attr;
void set_user_nice(struct task_struct *p, long nice); //@2a sets the nice value (-20..19)
static inline int task_nice(const struct task_struct *p) { return PRIO_TO_NICE(p->static_prio); }
int can_nice(const struct task_struct *p, const int nice); //@4n 1 if p may set that nice value
int sched_setscheduler(struct task_struct *p, int policy, const struct sched_param *param); //@2s sets policy and priority; -EINVAL, -EPERM
int sched_setscheduler_nocheck(struct task_struct *p, int policy, const struct sched_param *param); //@2s as sched_setscheduler without the permission check
int sched_setattr(struct task_struct *p, const struct sched_attr *attr); //@4s sets the attributes
int sched_setattr_nocheck(struct task_struct *p, const struct sched_attr *attr); //@4gs as sched_setattr without the permission check
void sched_set_fifo(struct task_struct *p); //@2gs SCHED_FIFO at priority 50
void sched_set_fifo_low(struct task_struct *p); //@2gs SCHED_FIFO at priority 1
void sched_set_normal(struct task_struct *p, int nice); //@2gs SCHED_NORMAL with the nice value
int set_cpus_allowed_ptr(struct task_struct *p, const struct cpumask *new_mask); //@2gs changes the affinity; moves the task if needed; -EINVAL
int idle_cpu(int cpu); //@4gn 1 if the CPU runs its idle task
struct task_struct *idle_task(int cpu); //@4n the idle task of a CPU
int kloom_task_curr(const struct task_struct *p); //@4n 1 while p runs on some CPU
#define task_curr(p) kloom_task_curr(p)
static inline unsigned int task_cpu(const struct task_struct *p) { return READ_ONCE(p->thread_info.cpu); }
#define set_cpus_allowed(p, mask) set_cpus_allowed_ptr((p), &(mask))
static inline int rt_prio(int prio) { return prio < MAX_RT_PRIO; }
static inline int rt_task(struct task_struct *p) { return rt_prio(p->prio); }
static inline int task_is_realtime(struct task_struct *p) { return p->policy == SCHED_FIFO || p->policy == SCHED_RR; }
static inline bool is_idle_task(const struct task_struct *p) { return !!(p->flags & PF_IDLE); }
u64 sched_clock(void); //@2gn nanoseconds since boot
u64 local_clock(void); //@2gn sched_clock of this CPU
u64 cpu_clock(int cpu); //@4gn sched_clock of a CPU
u64 task_sched_runtime(struct task_struct *task); //@4n CPU time the task has used, in ns
unsigned long nr_context_switches(void); //@4n context switches since boot
unsigned int nr_running(void); //@4n runnable tasks
void get_avenrun(unsigned long *loads, unsigned long offset, int shift); //@4n the load averages

/* Names, ids, relations. */
extern struct task_struct *kloom_init_task; //@2n the idle task of CPU 0; head of the circular list task_struct.tasks
#define init_task (*kloom_init_task)
extern struct mm_struct init_mm; //@4n the kernel's own mm
extern struct pid_namespace init_pid_ns; //@4n the only pid namespace
char *__get_task_comm(char *buf, size_t buf_size, struct task_struct *tsk); //@2gn copies the task's name
void __set_task_comm(struct task_struct *tsk, const char *from, bool exec); //@4n sets the task's name (15 characters kept)
#define get_task_comm(buf, tsk) __get_task_comm((buf), sizeof(buf), (tsk))
#define set_task_comm(tsk, from) __set_task_comm((tsk), (from), false)
pid_t __task_pid_nr_ns(struct task_struct *task, enum pid_type type, struct pid_namespace *ns); //@2n pid, tgid, pgid or sid of a task; 0 if it has none
static inline struct pid *task_pid(struct task_struct *task) { return task->thread_pid; }
static inline pid_t task_pid_nr(struct task_struct *tsk) { return tsk->pid; }
static inline pid_t task_pid_vnr(struct task_struct *tsk) { return tsk->pid; }
static inline pid_t task_pid_nr_ns(struct task_struct *tsk, struct pid_namespace *ns) { return tsk->pid; }
static inline pid_t task_tgid_nr(struct task_struct *tsk) { return tsk->tgid; }
static inline pid_t task_tgid_vnr(struct task_struct *tsk) { return tsk->tgid; }
static inline pid_t task_tgid_nr_ns(struct task_struct *tsk, struct pid_namespace *ns) { return tsk->tgid; }
static inline pid_t task_ppid_nr(const struct task_struct *tsk) { return READ_ONCE(tsk->real_parent)->tgid; }
static inline struct pid *task_tgid(struct task_struct *task) { return task->group_leader->thread_pid; }
static inline pid_t task_pgrp_nr(struct task_struct *tsk) { return __task_pid_nr_ns(tsk, PIDTYPE_PGID, NULL); }
static inline pid_t task_pgrp_vnr(struct task_struct *tsk) { return __task_pid_nr_ns(tsk, PIDTYPE_PGID, NULL); }
static inline pid_t task_session_nr(struct task_struct *tsk) { return __task_pid_nr_ns(tsk, PIDTYPE_SID, NULL); }
static inline pid_t task_session_vnr(struct task_struct *tsk) { return __task_pid_nr_ns(tsk, PIDTYPE_SID, NULL); }
static inline int is_global_init(struct task_struct *tsk) { return tsk->tgid == 1; }
static inline int pid_alive(const struct task_struct *p) { return p->thread_pid != NULL; }
struct task_struct *find_task_by_vpid(pid_t nr); //@2a the task with this pid or NULL; under rcu_read_lock (not exported by Linux since 2.6.31: notes it)
struct task_struct *find_task_by_pid(pid_t nr); //@4a removed in 2.6.31: as find_task_by_vpid; notes it
struct task_struct *find_task_by_pid_ns(pid_t nr, struct pid_namespace *ns); //@4a as find_task_by_vpid
struct task_struct *find_get_task_by_vpid(pid_t nr); //@4a find_task_by_vpid with a reference taken
void __put_task_struct(struct task_struct *t); //@2n frees a task whose reference count has reached 0
void kloom_get_task_struct(struct task_struct *t); //@2n takes a reference
void kloom_put_task_struct(struct task_struct *t); //@2n drops a reference; the last frees the task
static __always_inline struct task_struct *get_task_struct(struct task_struct *t) { kloom_get_task_struct(t); return t; }
static __always_inline void put_task_struct(struct task_struct *t) { kloom_put_task_struct(t); }
#define next_task(p) list_entry(READ_ONCE((p)->tasks.next), struct task_struct, tasks)
#define for_each_process(p) for (p = &init_task; (p = next_task(p)) != &init_task; )
/* Every process here has one thread, its leader. */
static inline struct task_struct *next_thread(const struct task_struct *p) { return (struct task_struct *)p; }
#define while_each_thread(g, t) while ((t = next_thread(t)) != g)
#define do_each_thread(g, t) for (g = t = &init_task; (g = t = next_task(g)) != &init_task; ) do
#define for_each_thread(p, t) for ((t) = (p); (t); (t) = NULL)
#define for_each_process_thread(p, t) for_each_process(p) for_each_thread(p, t)
static inline int get_nr_threads(struct task_struct *task) { return 1; }
static inline bool thread_group_leader(struct task_struct *p) { return p->exit_signal >= 0; }
static inline bool same_thread_group(struct task_struct *a, struct task_struct *b) { return a == b; }
static inline int thread_group_empty(struct task_struct *p) { return p->signal->nr_threads <= 1; }
#define delay_group_leader(p) (thread_group_leader(p) && !thread_group_empty(p))
static inline void *task_stack_page(const struct task_struct *task) { return task->stack; }
#define tsk_used_math(p) 0
int send_sig(int sig, struct task_struct *p, int priv); //@2a sends a signal; 0 or -EINVAL
int send_sig_info(int sig, struct kernel_siginfo *info, struct task_struct *p); //@2a sends a signal with its information (SEND_SIG_NOINFO, SEND_SIG_PRIV, or a structure)
int force_sig_compat(int sig, struct task_struct *p); //@4a removed two-argument force_sig(): sends a signal that cannot be ignored; notes it
void force_sig(int sig); //@2a sends current a signal that it can neither block nor ignore
#define __kloom_force_sig_2(sig, p) force_sig_compat(sig, p)
#define __kloom_force_sig_1(sig) force_sig(sig)
#define __kloom_pick_2(_1, _2, f, ...) f
#define force_sig(...) __kloom_pick_2(__VA_ARGS__, __kloom_force_sig_2, __kloom_force_sig_1)(__VA_ARGS__)
static __always_inline int task_sigpending(struct task_struct *p) { return unlikely(test_ti_thread_flag(task_thread_info(p), TIF_SIGPENDING)); }
/* kthread_stop() sets TIF_NOTIFY_SIGNAL on its thread, so a stop request counts as a pending signal (6.1). */
static __always_inline int signal_pending(struct task_struct *p) { return unlikely(test_ti_thread_flag(task_thread_info(p), TIF_NOTIFY_SIGNAL)) || task_sigpending(p); }
int kloom_fatal_signal_pending(struct task_struct *p); //@2n 1 if a signal is pending and SIGKILL is among them
#define fatal_signal_pending(p) kloom_fatal_signal_pending(p)
#define __fatal_signal_pending(p) kloom_fatal_signal_pending(p)
static inline int signal_pending_state(unsigned int state, struct task_struct *p)
{
	if (!(state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) || !signal_pending(p))
		return 0;
	return (state & TASK_INTERRUPTIBLE) || fatal_signal_pending(p);
}
/* Ends of life. */
void do_exit(long code) __noreturn; //@2s ends the calling thread with this code (not exported since 5.17: notes kthread_exit / return)
void complete_and_exit(struct completion *comp, long code) __noreturn; //@2s completes comp (may be NULL) and ends the thread (renamed kthread_complete_and_exit in 5.17: notes it)
pid_t kernel_thread(int (*fn)(void *), void *arg, unsigned long flags); //@4s removed for modules: starts fn in a child of the caller; pid or -errno; notes kthread_run
__printf(1, 2) void daemonize(const char *name, ...); //@4s removed in 3.8: names the caller, detaches it from user space and blocks its signals; notes it
void reparent_to_kthreadd(void); //@4s removed: makes kthreadd the caller's parent
#define reparent_to_init() reparent_to_kthreadd()
#define signal_wake_up(t, resume) ((void)wake_up_state((t), TASK_INTERRUPTIBLE | ((resume) ? TASK_WAKEKILL : 0)))
#define lock_kernel() do { kloom_removed_api("lock_kernel", "a mutex of your own"); } while (0)
#define unlock_kernel() do { } while (0)
void kloom_task_lock(struct task_struct *p); //@4a takes p->alloc_lock
void kloom_task_unlock(struct task_struct *p); //@4a releases p->alloc_lock
#define task_lock(p) kloom_task_lock(p)
#define task_unlock(p) kloom_task_unlock(p)
#include <linux/sched/signal_compat.h>
/* Since 4.11 these are in linux/sched/signal.h, which linux/fs.h brings along (by linux/percpu-rwsem.h). */
#if !defined(KLOOM_LINUX_SCHED_SIGNAL_H) && !defined(KLOOM_LINUX_FS_H)
#define signal_pending(p) KLOOM_REMOVED("kloom-removed:signal_pending() in <linux/sched.h>|4.11|<linux/sched/signal.h>") signal_pending(p)
#define allow_signal(sig) KLOOM_REMOVED("kloom-removed:allow_signal() in <linux/sched.h>|4.11|<linux/sched/signal.h>") allow_signal(sig)
#endif
#endif
