//! See linux/atomic.h.
#ifndef KLOOM_ASM_CMPXCHG_H
#define KLOOM_ASM_CMPXCHG_H
#include <linux/atomic.h>
#endif
