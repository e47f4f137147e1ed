//! Declarations that linux/sched.h held before it was split in 4.11; kept for modules of any year.
#ifndef KLOOM_LINUX_SCHED_SIGNAL_COMPAT_H
#define KLOOM_LINUX_SCHED_SIGNAL_COMPAT_H
#include <linux/signal.h>
#include <linux/sched/mm.h>
#endif
