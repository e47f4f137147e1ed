//! See linux/atomic.h.
#ifndef KLOOM_ASM_ATOMIC_H
#define KLOOM_ASM_ATOMIC_H
#include <linux/atomic.h>
#endif
