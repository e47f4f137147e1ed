//! Process identifiers.
#ifndef KLOOM_LINUX_PID_H
#define KLOOM_LINUX_PID_H
#include <linux/types.h>
#include <linux/refcount.h>
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };
struct task_struct;
struct pid_namespace;
struct upid { int nr; struct pid_namespace *ns; };
struct pid {
	refcount_t count;
	unsigned int level;
	void *kloom;
	struct upid numbers[1];
};
struct pid *find_vpid(int nr); //@2ga the struct pid of a number or NULL; under rcu_read_lock
struct pid *find_get_pid(int nr); //@2ga as find_vpid, with a reference
struct pid *find_pid_ns(int nr, struct pid_namespace *ns); //@4ga as find_vpid
struct pid *find_ge_pid(int nr, struct pid_namespace *ns); //@4a the first used number at or above nr
struct pid *get_task_pid(struct task_struct *task, enum pid_type type); //@2ga a task's struct pid with a reference
struct task_struct *pid_task(struct pid *pid, enum pid_type type); //@2a the task of a pid or NULL; pid may be NULL
struct task_struct *get_pid_task(struct pid *pid, enum pid_type type); //@2ga as pid_task, with a reference to the task
void put_pid(struct pid *pid); //@2gn drops a reference; NULL allowed
pid_t pid_vnr(struct pid *pid); //@2gn the number, 0 for NULL
pid_t pid_nr_ns(struct pid *pid, struct pid_namespace *ns); //@4gn the number, 0 for NULL
static inline pid_t pid_nr(struct pid *pid) { return pid ? pid->numbers[0].nr : 0; }
static inline struct pid *get_pid(struct pid *pid) { if (pid) __atomic_fetch_add(&pid->count.refs.counter, 1, __ATOMIC_RELAXED); return pid; }
#define find_pid(nr) find_vpid(nr)
#endif
