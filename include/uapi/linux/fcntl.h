//! See linux/fcntl.h.
#ifndef KLOOM_UAPI_LINUX_FCNTL_H
#define KLOOM_UAPI_LINUX_FCNTL_H
#include <linux/fcntl.h>
#endif
