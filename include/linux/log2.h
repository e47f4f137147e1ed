//! Powers of two.
#ifndef KLOOM_LINUX_LOG2_H
#define KLOOM_LINUX_LOG2_H
#include <linux/types.h>
#include <linux/bitops.h>
#define ilog2(n) ((int)(63 - __builtin_clzll((unsigned long long)(n) | ((n) == 0))))
static inline __attribute__((const)) bool is_power_of_2(unsigned long n) { return n != 0 && (n & (n - 1)) == 0; }
#define roundup_pow_of_two(n) ((n) <= 1 ? 1UL : 1UL << (64 - __builtin_clzl((unsigned long)(n) - 1)))
#define rounddown_pow_of_two(n) (1UL << ilog2(n))
#define __roundup_pow_of_two(n) roundup_pow_of_two(n)
#define order_base_2(n) ((n) > 1 ? ilog2((n) - 1) + 1 : 0)
static inline int bits_per(unsigned long n) { return n < 2 ? 1 : ilog2(n) + 1; }
#endif
