//! See linux/percpu.h.
#ifndef KLOOM_ASM_PERCPU_H
#define KLOOM_ASM_PERCPU_H
#include <linux/percpu.h>
#endif
