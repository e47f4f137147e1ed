//! See linux/irqflags.h.
#ifndef KLOOM_ASM_IRQFLAGS_H
#define KLOOM_ASM_IRQFLAGS_H
#include <linux/irqflags.h>
#endif
