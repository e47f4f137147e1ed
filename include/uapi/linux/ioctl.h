//! See asm/ioctl.h.
#ifndef KLOOM_UAPI_LINUX_IOCTL_H
#define KLOOM_UAPI_LINUX_IOCTL_H
#include <asm/ioctl.h>
#endif
