//! Version numbers; `LINUX_VERSION_CODE` is set by the driver (`--kernel`).
#ifndef KLOOM_LINUX_VERSION_H
#define KLOOM_LINUX_VERSION_H
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
#define LINUX_VERSION_MAJOR ((LINUX_VERSION_CODE) >> 16)
#define LINUX_VERSION_PATCHLEVEL (((LINUX_VERSION_CODE) >> 8) & 255)
#define LINUX_VERSION_SUBLEVEL ((LINUX_VERSION_CODE) & 255)
/* Until 2.6.18 this header had the release, too. */
#if LINUX_VERSION_CODE < 132627
#include <generated/utsrelease.h>
#endif
#endif
