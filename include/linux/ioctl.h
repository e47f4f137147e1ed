//! Numbers of ioctl commands.
#ifndef KLOOM_LINUX_IOCTL_H
#define KLOOM_LINUX_IOCTL_H
#include <asm/ioctl.h>
#endif
