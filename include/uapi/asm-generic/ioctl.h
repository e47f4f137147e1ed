//! See asm/ioctl.h.
#ifndef KLOOM_UAPI_ASM_GENERIC_IOCTL_H
#define KLOOM_UAPI_ASM_GENERIC_IOCTL_H
#include <asm/ioctl.h>
#endif
