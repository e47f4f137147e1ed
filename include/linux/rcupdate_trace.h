//! See linux/rcupdate.h.
#ifndef KLOOM_LINUX_RCUPDATE_TRACE_H
#define KLOOM_LINUX_RCUPDATE_TRACE_H
#include <linux/rcupdate.h>
#endif
