//! Credentials.
#ifndef KLOOM_LINUX_CRED_H
#define KLOOM_LINUX_CRED_H
#include <linux/capability.h>
#include <linux/init.h>
#include <linux/atomic.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include <linux/sched.h>
struct user_struct;
struct group_info;
struct cred {
	atomic_t usage;
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	kuid_t fsuid;
	kgid_t fsgid;
	unsigned int securebits;
	kernel_cap_t cap_inheritable;
	kernel_cap_t cap_permitted;
	kernel_cap_t cap_effective;
	kernel_cap_t cap_bset;
	kernel_cap_t cap_ambient;
	struct user_struct *user;
	struct user_namespace *user_ns;
	struct group_info *group_info;
};
struct cred *prepare_creds(void); //@4s a copy of current's credentials, to be changed and committed
int commit_creds(struct cred *new); //@4s makes the copy current's credentials; 0
void abort_creds(struct cred *new); //@4n throws the copy away
const struct cred *override_creds(const struct cred *new); //@4n installs other effective credentials; returns the former
void revert_creds(const struct cred *old); //@4n puts them back
struct cred *prepare_kernel_cred(struct task_struct *daemon); //@4s credentials for a kernel service; root
void __put_cred(struct cred *cred); //@4n frees credentials without references
static inline const struct cred *get_cred(const struct cred *cred) { if (cred) __atomic_fetch_add((int *)&cred->usage.counter, 1, __ATOMIC_RELAXED); return cred; }
static inline void put_cred(const struct cred *cred) { if (cred && __atomic_sub_fetch((int *)&cred->usage.counter, 1, __ATOMIC_SEQ_CST) == 0) __put_cred((struct cred *)cred); }
#define current_cred() (READ_ONCE(current->cred))
#define current_real_cred() (READ_ONCE(current->real_cred))
#define __task_cred(task) (READ_ONCE((task)->real_cred))
#define get_task_cred(task) get_cred(__task_cred(task))
#define get_current_cred() get_cred(current_cred())
#define current_uid() (current_cred()->uid)
#define current_gid() (current_cred()->gid)
#define current_euid() (current_cred()->euid)
#define current_egid() (current_cred()->egid)
#define current_suid() (current_cred()->suid)
#define current_sgid() (current_cred()->sgid)
#define current_fsuid() (current_cred()->fsuid)
#define current_fsgid() (current_cred()->fsgid)
#define current_user_ns() (&init_user_ns)
#define task_uid(task) (__task_cred(task)->uid)
#define task_euid(task) (__task_cred(task)->euid)
#endif
