//! Cache line alignment.
#ifndef KLOOM_LINUX_CACHE_H
#define KLOOM_LINUX_CACHE_H
#include <linux/linkage.h>
#define SMP_CACHE_ALIGN(x) (((x) + 63) & ~63UL)
#define L1_CACHE_ALIGN(x) SMP_CACHE_ALIGN(x)
#endif
