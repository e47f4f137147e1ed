//! See asm/ioctl.h.
#ifndef KLOOM_ASM_GENERIC_IOCTL_H
#define KLOOM_ASM_GENERIC_IOCTL_H
#include <asm/ioctl.h>
#endif
