//! See linux/bug.h.
#ifndef KLOOM_ASM_BUG_H
#define KLOOM_ASM_BUG_H
#include <linux/bug.h>
#endif
