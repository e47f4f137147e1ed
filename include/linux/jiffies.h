//! The tick counter and conversions (HZ = 250).
#ifndef KLOOM_LINUX_JIFFIES_H
#define KLOOM_LINUX_JIFFIES_H
#include <linux/math64.h>
#include <linux/limits.h>
#include <linux/types.h>
#include <linux/time64.h>
#include <linux/minmax.h>
#include <linux/typecheck.h>
#include <asm/param.h>
extern unsigned long volatile jiffies; //@2n ticks since boot, starting at INITIAL_JIFFIES
extern u64 jiffies_64; //@2n the same in 64 bits
u64 get_jiffies_64(void); //@2n ticks since boot
#define INITIAL_JIFFIES ((unsigned long)(unsigned int)(-300 * HZ))
#define MAX_JIFFY_OFFSET ((LONG_MAX >> 1) - 1)
#define TICK_NSEC (NSEC_PER_SEC / HZ)
#define TICK_USEC (USEC_PER_SEC / HZ)
#define time_after(a, b) (typecheck(unsigned long, a) && typecheck(unsigned long, b) && (long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) (typecheck(unsigned long, a) && typecheck(unsigned long, b) && (long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)
#define time_in_range(a, b, c) (time_after_eq(a, b) && time_before_eq(a, c))
#define time_in_range_open(a, b, c) (time_after_eq(a, b) && time_before(a, c))
#define time_after64(a, b) ((s64)((u64)(b) - (u64)(a)) < 0)
#define time_before64(a, b) time_after64(b, a)
#define time_after_eq64(a, b) ((s64)((u64)(a) - (u64)(b)) >= 0)
#define time_before_eq64(a, b) time_after_eq64(b, a)
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a) time_before(jiffies, a)
#define time_is_before_eq_jiffies(a) time_after_eq(jiffies, a)
#define time_is_after_eq_jiffies(a) time_before_eq(jiffies, a)
static inline unsigned int jiffies_to_msecs(const unsigned long j) { return j * (MSEC_PER_SEC / HZ); }
static inline unsigned int jiffies_to_usecs(const unsigned long j) { return j * (USEC_PER_SEC / HZ); }
static inline u64 jiffies_to_nsecs(const unsigned long j) { return (u64)j * TICK_NSEC; }
static inline u64 jiffies64_to_nsecs(u64 j) { return j * TICK_NSEC; }
static inline u64 jiffies64_to_msecs(u64 j) { return j * (MSEC_PER_SEC / HZ); }
static inline unsigned long msecs_to_jiffies(const unsigned int m) { return (int)m < 0 ? MAX_JIFFY_OFFSET : (m + (MSEC_PER_SEC / HZ) - 1) / (MSEC_PER_SEC / HZ); }
static inline unsigned long usecs_to_jiffies(const unsigned int u) { return ((u64)u + (USEC_PER_SEC / HZ) - 1) / (USEC_PER_SEC / HZ); }
static inline unsigned long nsecs_to_jiffies(u64 n) { return n / TICK_NSEC; }
static inline u64 nsecs_to_jiffies64(u64 n) { return n / TICK_NSEC; }
static inline unsigned long timespec64_to_jiffies(const struct timespec64 *v) { return ((u64)v->tv_sec * NSEC_PER_SEC + v->tv_nsec + TICK_NSEC - 1) / TICK_NSEC; }
static inline unsigned long timespec_to_jiffies(const struct timespec *v) { return ((u64)v->tv_sec * NSEC_PER_SEC + v->tv_nsec + TICK_NSEC - 1) / TICK_NSEC; }
static inline unsigned long timeval_to_jiffies(const struct timeval *v) { return ((u64)v->tv_sec * NSEC_PER_SEC + v->tv_usec * NSEC_PER_USEC + TICK_NSEC - 1) / TICK_NSEC; }
static inline void jiffies_to_timespec64(const unsigned long j, struct timespec64 *v) { u64 n = (u64)j * TICK_NSEC; v->tv_sec = n / NSEC_PER_SEC; v->tv_nsec = n % NSEC_PER_SEC; }
static inline void jiffies_to_timespec(const unsigned long j, struct timespec *v) { u64 n = (u64)j * TICK_NSEC; v->tv_sec = n / NSEC_PER_SEC; v->tv_nsec = n % NSEC_PER_SEC; }
static inline void jiffies_to_timeval(const unsigned long j, struct timeval *v) { u64 n = (u64)j * TICK_NSEC; v->tv_sec = n / NSEC_PER_SEC; v->tv_usec = n % NSEC_PER_SEC / NSEC_PER_USEC; }
static inline clock_t jiffies_to_clock_t(unsigned long x) { return x * USER_HZ / HZ; }
static inline unsigned long clock_t_to_jiffies(unsigned long x) { return x * HZ / USER_HZ; }
static inline u64 jiffies_64_to_clock_t(u64 x) { return x * USER_HZ / HZ; }
static inline u64 nsec_to_clock_t(u64 x) { return x / (NSEC_PER_SEC / USER_HZ); }
static inline unsigned long jiffies_delta_to_msecs(long delta) { return jiffies_to_msecs(max(0L, delta)); }
static inline unsigned long __kloom_round(unsigned long j, bool up, bool relative) { unsigned long base = relative ? jiffies : 0, t = j + base, r = t % HZ; t = (r < HZ / 4 && !up) ? t - r : t - r + HZ; return time_is_after_jiffies(t) ? t - base : j; }
static inline unsigned long round_jiffies(unsigned long j) { return __kloom_round(j, false, false); }
static inline unsigned long round_jiffies_relative(unsigned long j) { return __kloom_round(j, false, true); }
static inline unsigned long round_jiffies_up(unsigned long j) { return __kloom_round(j, true, false); }
static inline unsigned long round_jiffies_up_relative(unsigned long j) { return __kloom_round(j, true, true); }
#endif
