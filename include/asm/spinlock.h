//! See linux/spinlock.h.
#ifndef KLOOM_ASM_SPINLOCK_H
#define KLOOM_ASM_SPINLOCK_H
#include <linux/spinlock.h>
#endif
