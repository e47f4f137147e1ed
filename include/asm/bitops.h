//! See linux/bitops.h.
#ifndef KLOOM_ASM_BITOPS_H
#define KLOOM_ASM_BITOPS_H
#include <linux/bitops.h>
#endif
