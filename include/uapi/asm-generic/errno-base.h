//! See asm/errno.h.
#ifndef KLOOM_UAPI_ASM_GENERIC_ERRNO_BASE_H
#define KLOOM_UAPI_ASM_GENERIC_ERRNO_BASE_H
#include <linux/errno.h>
#endif
