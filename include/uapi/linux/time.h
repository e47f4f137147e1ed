//! See linux/time_types.h.
#ifndef KLOOM_UAPI_LINUX_TIME_H
#define KLOOM_UAPI_LINUX_TIME_H
#include <linux/time_types.h>
#endif
