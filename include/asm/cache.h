//! See linux/cache.h.
#ifndef KLOOM_ASM_CACHE_H
#define KLOOM_ASM_CACHE_H
#include <linux/cache.h>
#endif
