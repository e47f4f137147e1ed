//! See linux/math64.h.
#ifndef KLOOM_ASM_DIV64_H
#define KLOOM_ASM_DIV64_H
#include <linux/math64.h>
#endif
