//! See linux/limits.h.
#ifndef KLOOM_VDSO_LIMITS_H
#define KLOOM_VDSO_LIMITS_H
#include <linux/limits.h>
#endif
