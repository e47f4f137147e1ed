//! Registers; tracing is not supported.
#ifndef KLOOM_LINUX_PTRACE_H
#define KLOOM_LINUX_PTRACE_H
#include <linux/sched.h>
#include <asm/ptrace.h>
#endif
