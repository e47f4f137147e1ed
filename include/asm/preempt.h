//! See linux/preempt.h.
#ifndef KLOOM_ASM_PREEMPT_H
#define KLOOM_ASM_PREEMPT_H
#include <linux/preempt.h>
#endif
