//! See linux/unaligned.h.
#ifndef KLOOM_ASM_UNALIGNED_H
#define KLOOM_ASM_UNALIGNED_H
#include <linux/unaligned.h>
#endif
