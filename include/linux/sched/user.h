//! See linux/cred.h.
#ifndef KLOOM_LINUX_SCHED_USER_H
#define KLOOM_LINUX_SCHED_USER_H
#include <linux/cred.h>
#endif
