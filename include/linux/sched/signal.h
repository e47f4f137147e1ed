//! Signals as tasks see them.
#ifndef KLOOM_LINUX_SCHED_SIGNAL_H
#define KLOOM_LINUX_SCHED_SIGNAL_H
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/cred.h>
#include <linux/rculist.h>
#include <linux/sched/task.h>
/* Not from the wrong header (see the end of linux/sched.h). */
#undef signal_pending
#undef allow_signal
#endif
