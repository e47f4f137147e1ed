//! See asm/errno.h.
#ifndef KLOOM_ASM_GENERIC_ERRNO_H
#define KLOOM_ASM_GENERIC_ERRNO_H
#include <linux/errno.h>
#endif
