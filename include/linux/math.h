//! Rounding and division helpers.
#ifndef KLOOM_LINUX_MATH_H
#define KLOOM_LINUX_MATH_H
#include <linux/types.h>
#include <linux/minmax.h>
#define __round_mask(x, y) ((typeof(x))((y) - 1))
#define round_up(x, y) ((((x) - 1) | __round_mask(x, y)) + 1)
#define round_down(x, y) ((x) & ~__round_mask(x, y))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define DIV_ROUND_DOWN_ULL(ll, d) ((unsigned long long)(ll) / (d))
#define DIV_ROUND_UP_ULL(ll, d) DIV_ROUND_DOWN_ULL((unsigned long long)(ll) + (d) - 1, (d))
#define DIV_ROUND_UP_SECTOR_T(ll, d) DIV_ROUND_UP_ULL(ll, d)
#define DIV_ROUND_CLOSEST(x, d) ({ typeof(x) __x = (x); typeof(d) __d = (d); \
	(((typeof(x))-1) > 0 || ((typeof(d))-1) > 0 || ((__x > 0) == (__d > 0))) ? ((__x + (__d / 2)) / __d) : ((__x - (__d / 2)) / __d); })
#define DIV_ROUND_CLOSEST_ULL(x, d) ({ typeof(d) __d = (d); (unsigned long long)((x) + __d / 2) / __d; })
#define roundup(x, y) ({ typeof(y) __y = (y); (((x) + (__y - 1)) / __y) * __y; })
#define rounddown(x, y) ({ typeof(x) __x = (x); __x - (__x % (y)); })
#define mult_frac(x, n, d) ({ typeof(x) __x = (x); typeof(n) __n = (n); typeof(d) __d = (d); typeof(x) __q = __x / __d; __q * __n + (__x % __d) * __n / __d; })
#define sector_div(n, base) do_div(n, base)
#define abs(x) ({ typeof(_Generic((x), unsigned char: (signed char)0, unsigned short: (short)0, unsigned int: 0, unsigned long: 0L, unsigned long long: 0LL, default: (x))) __ax = (x); __ax < 0 ? -__ax : __ax; })
#define abs_diff(a, b) ({ typeof(a) __da = (a); typeof(b) __db = (b); __da > __db ? __da - __db : __db - __da; })
unsigned long int_sqrt(unsigned long x); //@4n largest integer whose square is at most x
static inline u32 reciprocal_scale(u32 val, u32 ep_ro) { return (u32)(((u64)val * ep_ro) >> 32); }
#endif
