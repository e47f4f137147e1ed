//! Limits on CPUs and pids.
#ifndef KLOOM_LINUX_THREADS_H
#define KLOOM_LINUX_THREADS_H
#define NR_CPUS CONFIG_NR_CPUS
#define PID_MAX_DEFAULT 0x8000
#define PID_MAX_LIMIT (4 * 1024 * 1024)
#define FUTEX_TID_MASK 0x3fffffff
#endif
