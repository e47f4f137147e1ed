//! Signal sets and signal information.
#ifndef KLOOM_LINUX_SIGNAL_TYPES_H
#define KLOOM_LINUX_SIGNAL_TYPES_H
#include <linux/types.h>
#include <linux/list.h>
#include <linux/spinlock_types.h>
#include <asm/signal.h>
struct kernel_siginfo {
	int si_signo, si_errno, si_code;
	int __pad;
	union {
		struct { pid_t si_pid; uid_t si_uid; union { int si_int; void *si_ptr; }; };
		char __room[112];
	};
};
typedef struct kernel_siginfo kernel_siginfo_t;
typedef struct kernel_siginfo siginfo_t;
#define siginfo kernel_siginfo
struct sigpending {
	struct list_head list;
	sigset_t signal;
};
struct ksignal { struct k_sigaction *ka_unused; kernel_siginfo_t info; int sig; };
typedef void (*__sighandler_t)(int);
struct sigaction { __sighandler_t sa_handler; unsigned long sa_flags; void *sa_restorer; sigset_t sa_mask; };
struct k_sigaction { struct sigaction sa; };
struct sighand_struct {
	spinlock_t siglock;
	refcount_t count;
	struct k_sigaction action[64];
};
#endif
