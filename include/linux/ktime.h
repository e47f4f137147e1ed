//! Scalar times in nanoseconds.
#ifndef KLOOM_LINUX_KTIME_H
#define KLOOM_LINUX_KTIME_H
#include <linux/time64.h>
#include <linux/jiffies.h>
#include <linux/bug.h>
#define ktime_add(a, b) ((a) + (b))
#define ktime_sub(a, b) ((a) - (b))
#define ktime_add_unsafe(a, b) ((u64)(a) + (b))
#define ktime_add_ns(kt, nsval) ((kt) + (nsval))
#define ktime_sub_ns(kt, nsval) ((kt) - (nsval))
static inline ktime_t ktime_set(const s64 secs, const unsigned long nsecs) { return secs >= KTIME_SEC_MAX ? KTIME_MAX : secs * NSEC_PER_SEC + (s64)nsecs; }
static inline ktime_t timespec64_to_ktime(struct timespec64 ts) { return ktime_set(ts.tv_sec, ts.tv_nsec); }
static inline ktime_t timespec_to_ktime(struct timespec ts) { return ktime_set(ts.tv_sec, ts.tv_nsec); }
static inline ktime_t timeval_to_ktime(struct timeval tv) { return ktime_set(tv.tv_sec, tv.tv_usec * NSEC_PER_USEC); }
#define ktime_to_timespec64(kt) ns_to_timespec64(kt)
#define ktime_to_timespec(kt) ns_to_timespec(kt)
#define ktime_to_timeval(kt) ns_to_timeval(kt)
static inline s64 ktime_to_ns(const ktime_t kt) { return kt; }
static inline int ktime_compare(const ktime_t a, const ktime_t b) { return a < b ? -1 : a > b; }
static inline bool ktime_equal(const ktime_t a, const ktime_t b) { return a == b; }
static inline bool ktime_after(const ktime_t a, const ktime_t b) { return a > b; }
static inline bool ktime_before(const ktime_t a, const ktime_t b) { return a < b; }
static inline s64 ktime_divns(const ktime_t kt, s64 div) { return kt / div; }
static inline s64 ktime_to_us(const ktime_t kt) { return kt / NSEC_PER_USEC; }
static inline s64 ktime_to_ms(const ktime_t kt) { return kt / NSEC_PER_MSEC; }
static inline s64 ktime_us_delta(const ktime_t later, const ktime_t earlier) { return ktime_to_us(later - earlier); }
static inline s64 ktime_ms_delta(const ktime_t later, const ktime_t earlier) { return ktime_to_ms(later - earlier); }
static inline ktime_t ktime_add_us(const ktime_t kt, const u64 us) { return kt + us * NSEC_PER_USEC; }
static inline ktime_t ktime_add_ms(const ktime_t kt, const u64 ms) { return kt + ms * NSEC_PER_MSEC; }
static inline ktime_t ktime_sub_us(const ktime_t kt, const u64 us) { return kt - us * NSEC_PER_USEC; }
static inline ktime_t ktime_sub_ms(const ktime_t kt, const u64 ms) { return kt - ms * NSEC_PER_MSEC; }
static inline ktime_t ktime_add_safe(const ktime_t a, const ktime_t b) { ktime_t r = (u64)a + b; return r < 0 || r < a || r < b ? KTIME_MAX : r; }
static inline ktime_t ns_to_ktime(u64 ns) { return ns; }
static inline ktime_t us_to_ktime(u64 us) { return us * NSEC_PER_USEC; }
static inline ktime_t ms_to_ktime(u64 ms) { return ms * NSEC_PER_MSEC; }
#include <linux/timekeeping.h>
#include <linux/time32.h>
#endif
