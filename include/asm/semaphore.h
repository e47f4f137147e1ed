//! See linux/semaphore.h.
#ifndef KLOOM_ASM_SEMAPHORE_H
#define KLOOM_ASM_SEMAPHORE_H
#pragma GCC warning "kloom-removed:<asm/semaphore.h>|2.6.27|<linux/semaphore.h>"
#include <linux/semaphore.h>
#endif
