//! Arithmetic on struct timespec64.
#ifndef KLOOM_LINUX_TIME64_H
#define KLOOM_LINUX_TIME64_H
#include <linux/math64.h>
#include <linux/time_types.h>
#include <vdso/time64.h>
#define TIME64_MAX ((s64)~((u64)1 << 63))
#define KTIME_MAX ((s64)~((u64)1 << 63))
#define KTIME_MIN (-KTIME_MAX - 1)
#define KTIME_SEC_MAX (KTIME_MAX / NSEC_PER_SEC)
static inline int timespec64_equal(const struct timespec64 *a, const struct timespec64 *b) { return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec; }
static inline int timespec64_compare(const struct timespec64 *a, const struct timespec64 *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return a->tv_nsec < b->tv_nsec ? -1 : a->tv_nsec > b->tv_nsec;
}
static inline void set_normalized_timespec64(struct timespec64 *ts, time64_t sec, s64 nsec)
{
	s64 carry = nsec / NSEC_PER_SEC;
	nsec %= NSEC_PER_SEC;
	if (nsec < 0) { nsec += NSEC_PER_SEC; carry--; }
	ts->tv_sec = sec + carry;
	ts->tv_nsec = nsec;
}
static inline struct timespec64 timespec64_add(struct timespec64 a, struct timespec64 b) { struct timespec64 r; set_normalized_timespec64(&r, a.tv_sec + b.tv_sec, a.tv_nsec + b.tv_nsec); return r; }
static inline struct timespec64 timespec64_sub(struct timespec64 a, struct timespec64 b) { struct timespec64 r; set_normalized_timespec64(&r, a.tv_sec - b.tv_sec, a.tv_nsec - b.tv_nsec); return r; }
static inline bool timespec64_valid(const struct timespec64 *ts) { return ts->tv_sec >= 0 && (unsigned long)ts->tv_nsec < NSEC_PER_SEC; }
static inline s64 timespec64_to_ns(const struct timespec64 *ts) { return ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec; }
static inline struct timespec64 ns_to_timespec64(s64 nsec) { struct timespec64 r; set_normalized_timespec64(&r, 0, nsec); return r; }
static inline void timespec64_add_ns(struct timespec64 *a, u64 ns) { set_normalized_timespec64(a, a->tv_sec, a->tv_nsec + (s64)ns); }
#endif
