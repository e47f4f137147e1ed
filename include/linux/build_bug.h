//! Assertions at build time.
#ifndef KLOOM_LINUX_BUILD_BUG_H
#define KLOOM_LINUX_BUILD_BUG_H
#include <linux/compiler.h>
#define BUILD_BUG_ON_ZERO(e) ((int)(sizeof(struct { int : (-!!(e)); })))
#define BUILD_BUG_ON_MSG(cond, msg) _Static_assert(!(cond), msg)
#define BUILD_BUG_ON(cond) do { extern void __PASTE(__kloom_build_bug_, __LINE__)(void) __compiletime_error("BUILD_BUG_ON: " #cond); \
	if (cond) __PASTE(__kloom_build_bug_, __LINE__)(); } while (0)
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) BUILD_BUG_ON((n) == 0 || (((n) & ((n) - 1)) != 0))
#define BUILD_BUG_ON_INVALID(e) ((void)(sizeof((long)(e))))
#define BUILD_BUG() BUILD_BUG_ON(1)
#define static_assert(expr, ...) __kloom_static_assert(expr, ##__VA_ARGS__, #expr)
#define __kloom_static_assert(expr, msg, ...) _Static_assert(expr, msg)
#define compiletime_assert(cond, msg) BUILD_BUG_ON(!(cond))
#endif
