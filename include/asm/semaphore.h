//! See linux/semaphore.h.
#ifndef KLOOM_ASM_SEMAPHORE_H
#define KLOOM_ASM_SEMAPHORE_H
#include <linux/semaphore.h>
#endif
