//! Sending, allowing and handling signals in the kernel.
#ifndef KLOOM_LINUX_SIGNAL_H
#define KLOOM_LINUX_SIGNAL_H
#include <linux/bug.h>
#include <linux/signal_types.h>
#include <linux/string.h>
#include <asm-generic/siginfo.h>
struct task_struct;
struct pid;
#define SEND_SIG_NOINFO ((struct kernel_siginfo *)0)
#define SEND_SIG_PRIV ((struct kernel_siginfo *)1)
#define SEND_SIG_FORCED ((struct kernel_siginfo *)2)
#define sigmask(sig) (1UL << ((sig) - 1))
static inline void sigaddset(sigset_t *set, int sig) { set->sig[0] |= sigmask(sig); }
static inline void sigdelset(sigset_t *set, int sig) { set->sig[0] &= ~sigmask(sig); }
static inline int sigismember(sigset_t *set, int sig) { return (set->sig[0] >> (sig - 1)) & 1; }
static inline int sigisemptyset(sigset_t *set) { return set->sig[0] == 0; }
static inline void sigemptyset(sigset_t *set) { set->sig[0] = 0; }
static inline void sigfillset(sigset_t *set) { set->sig[0] = ~0UL; }
static inline void siginitset(sigset_t *set, unsigned long mask) { set->sig[0] = mask; }
static inline void siginitsetinv(sigset_t *set, unsigned long mask) { set->sig[0] = ~mask; }
static inline void sigaddsetmask(sigset_t *set, unsigned long mask) { set->sig[0] |= mask; }
static inline void sigdelsetmask(sigset_t *set, unsigned long mask) { set->sig[0] &= ~mask; }
static inline int valid_signal(unsigned long sig) { return sig <= _NSIG; }
static inline void clear_siginfo(kernel_siginfo_t *info) { __builtin_memset(info, 0, sizeof(*info)); }
void kloom_allow_signal(int sig); //@2s lets the calling kernel thread receive this signal
void kloom_disallow_signal(int sig); //@2s makes the calling thread ignore it again
static __always_inline void allow_signal(int sig) { kloom_allow_signal(sig); }
static __always_inline void disallow_signal(int sig) { kloom_disallow_signal(sig); }
#define allow_kernel_signal(sig) kloom_allow_signal(sig)
void flush_signals(struct task_struct *t); //@2a drops every pending signal of the task
int kloom_kernel_dequeue_signal(struct kernel_siginfo *info); //@2s takes the next pending signal of current: its number, or 0; info may be NULL
#define __kloom_kds_0() kloom_kernel_dequeue_signal(NULL)
#define __kloom_kds_1(info) kloom_kernel_dequeue_signal(info)
#define __kloom_kds_pick(_0, _1, f, ...) f
#define kernel_dequeue_signal(...) __kloom_kds_pick(_, ##__VA_ARGS__, __kloom_kds_1, __kloom_kds_0)(__VA_ARGS__)
int kloom_dequeue_signal(struct task_struct *tsk, sigset_t *mask, struct kernel_siginfo *info); //@4s takes the next pending signal outside the mask
#define __kloom_ds_3(t, m, i) kloom_dequeue_signal(t, m, i)
#define __kloom_ds_4(t, m, i, type) kloom_dequeue_signal(t, m, i)
#define __kloom_ds_pick(_1, _2, _3, _4, f, ...) f
#define dequeue_signal(...) __kloom_ds_pick(__VA_ARGS__, __kloom_ds_4, __kloom_ds_3)(__VA_ARGS__)
#define dequeue_signal_lock(t, m, i) kloom_dequeue_signal(t, m, i)
int sigprocmask(int how, sigset_t *set, sigset_t *oldset); //@4s changes current's blocked set
void recalc_sigpending(void); //@2a recomputes current's "signal pending" flag
void ignore_signals(struct task_struct *t); //@4a makes the task ignore all signals
int kill_pid(struct pid *pid, int sig, int priv); //@2a sends a signal to the task of a pid; 0, -ESRCH, -EINVAL
int kill_pgrp(struct pid *pid, int sig, int priv); //@4a sends a signal to a process group
int kill_pid_info(int sig, struct kernel_siginfo *info, struct pid *pid); //@4a as kill_pid with information
int kill_proc(pid_t pid, int sig, int priv); //@4a removed in 2.6.31: as kill_pid by number; notes it
int kill_proc_info(int sig, struct kernel_siginfo *info, pid_t pid); //@4a as kill_pid_info by number
int do_send_sig_info(int sig, struct kernel_siginfo *info, struct task_struct *p, int type); //@4a as send_sig_info
#endif
