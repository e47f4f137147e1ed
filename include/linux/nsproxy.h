//! Namespaces: one of each.
#ifndef KLOOM_LINUX_NSPROXY_H
#define KLOOM_LINUX_NSPROXY_H
#include <linux/sched.h>
#endif
