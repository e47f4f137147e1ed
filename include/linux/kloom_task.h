//! `struct task_struct` and what hangs on it: layouts shared with the simulated kernel (include/layout_probe.c prints them).
#ifndef KLOOM_LINUX_KLOOM_TASK_H
#define KLOOM_LINUX_KLOOM_TASK_H
#include <linux/types.h>
#include <linux/list.h>
#include <linux/cpumask.h>
#include <linux/signal_types.h>
#include <linux/spinlock_types.h>
#include <linux/thread_info.h>
#include <linux/mm_types_task.h>
#include <uapi/linux/sched.h>
#define TASK_COMM_LEN 16
struct cred;
struct pid;
struct mm_struct;
struct files_struct;
struct fs_struct;
struct nsproxy;
struct completion;
struct rlimit { unsigned long rlim_cur, rlim_max; };
struct sched_info {
	unsigned long pcount;
	unsigned long long run_delay;
	unsigned long long last_arrival;
	unsigned long long last_queued;
};
struct load_weight { unsigned long weight; u32 inv_weight; };
struct sched_entity {
	struct load_weight load;
	unsigned int on_rq;
	u64 exec_start;
	u64 sum_exec_runtime;
	u64 vruntime;
	u64 prev_sum_exec_runtime;
	u64 nr_migrations;
};
struct sched_rt_entity {
	unsigned long timeout;
	unsigned int time_slice;
};
struct signal_struct {
	refcount_t sigcnt;
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	struct list_head thread_head;
	struct sigpending shared_pending;
	unsigned int flags;
	struct rlimit rlim[16];
	u64 utime, stime;
	unsigned long nvcsw, nivcsw;
	void *tty;
};
struct task_struct {
	struct thread_info thread_info;
	/* Both names read the same value: the upper half stays zero. */
	union {
		unsigned int __state;
		volatile long state;
	};
	void *stack;
	unsigned int flags;
	unsigned int ptrace;
	int on_cpu;
	int recent_used_cpu;
	int on_rq;
	int prio;
	int static_prio;
	int normal_prio;
	unsigned int rt_priority;
	unsigned int policy;
	int nr_cpus_allowed;
	const cpumask_t *cpus_ptr;
	union {
		cpumask_t cpus_mask;
		cpumask_t cpus_allowed;
	};
	struct list_head tasks;
	struct mm_struct *mm;
	struct mm_struct *active_mm;
	int exit_state;
	int exit_code;
	int exit_signal;
	pid_t pid;
	pid_t tgid;
	struct task_struct *real_parent;
	struct task_struct *parent;
	struct list_head children;
	struct list_head sibling;
	struct task_struct *group_leader;
	struct list_head thread_node;
	u64 utime;
	u64 stime;
	u64 gtime;
	unsigned long nvcsw;
	unsigned long nivcsw;
	u64 start_time;
	u64 start_boottime;
	unsigned long min_flt;
	unsigned long maj_flt;
	const struct cred *real_cred;
	const struct cred *cred;
	char comm[TASK_COMM_LEN];
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	sigset_t blocked;
	sigset_t real_blocked;
	struct sigpending pending;
	struct files_struct *files;
	struct fs_struct *fs;
	struct nsproxy *nsproxy;
	void *journal_info;
	refcount_t usage;
	void *kloom; /* the simulated kernel's own */
	struct pid *thread_pid;
	struct sched_info sched_info;
	struct sched_entity se;
	struct sched_rt_entity rt;
	spinlock_t alloc_lock;
	unsigned long last_switch_count;
	unsigned int personality;
	int wake_cpu;
	void *audit_context;
	void *security;
};
#endif
