//! min, max, clamp, swap.
#ifndef KLOOM_LINUX_MINMAX_H
#define KLOOM_LINUX_MINMAX_H
#include <linux/build_bug.h>
#define __kloom_cmp2(op, x, y, a, b) ({ typeof(x) a = (x); typeof(y) b = (y); (void)(&a == &b); a op b ? a : b; })
#define __kloom_cmp(op, x, y) __builtin_choose_expr(__is_constexpr(x) && __is_constexpr(y), ((x) op (y) ? (x) : (y)), \
	__kloom_cmp2(op, x, y, __UNIQUE_ID(a), __UNIQUE_ID(b)))
#define min(x, y) __kloom_cmp(<, x, y)
#define max(x, y) __kloom_cmp(>, x, y)
#define min_t(type, x, y) __kloom_cmp(<, (type)(x), (type)(y))
#define max_t(type, x, y) __kloom_cmp(>, (type)(x), (type)(y))
#define min3(x, y, z) min((typeof(x))min(x, y), z)
#define max3(x, y, z) max((typeof(x))max(x, y), z)
#define min_not_zero(x, y) ({ typeof(x) __mx = (x); typeof(y) __my = (y); __mx == 0 ? __my : (__my == 0 ? __mx : min(__mx, __my)); })
#define clamp(val, lo, hi) min((typeof(val))max(val, lo), hi)
#define clamp_t(type, val, lo, hi) min_t(type, max_t(type, val, lo), hi)
#define clamp_val(val, lo, hi) clamp_t(typeof(val), val, lo, hi)
#define swap(a, b) do { typeof(a) __swap_tmp = (a); (a) = (b); (b) = __swap_tmp; } while (0)
#endif
