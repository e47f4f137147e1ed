//! Times of the years before 5.6.
#ifndef KLOOM_LINUX_TIME32_H
#define KLOOM_LINUX_TIME32_H
#include <linux/time64.h>
#define timespec_to_ns(ts) ((s64)(ts)->tv_sec * NSEC_PER_SEC + (ts)->tv_nsec)
#define timeval_to_ns(tv) ((s64)(tv)->tv_sec * NSEC_PER_SEC + (tv)->tv_usec * NSEC_PER_USEC)
static inline struct timespec ns_to_timespec(s64 nsec) { struct timespec64 t = ns_to_timespec64(nsec); return (struct timespec){ t.tv_sec, t.tv_nsec }; }
static inline struct timeval ns_to_timeval(s64 nsec) { struct timespec64 t = ns_to_timespec64(nsec); return (struct timeval){ t.tv_sec, t.tv_nsec / NSEC_PER_USEC }; }
static inline struct timespec timespec_sub(struct timespec a, struct timespec b) { return ns_to_timespec(timespec_to_ns(&a) - timespec_to_ns(&b)); }
static inline struct timespec timespec_add(struct timespec a, struct timespec b) { return ns_to_timespec(timespec_to_ns(&a) + timespec_to_ns(&b)); }
static inline int timespec_compare(const struct timespec *a, const struct timespec *b) { s64 d = timespec_to_ns(a) - timespec_to_ns(b); return d < 0 ? -1 : d > 0; }
static inline int timespec_equal(const struct timespec *a, const struct timespec *b) { return timespec_compare(a, b) == 0; }
static inline struct timespec64 timespec_to_timespec64(struct timespec t) { return (struct timespec64){ t.tv_sec, t.tv_nsec }; }
static inline struct timespec timespec64_to_timespec(struct timespec64 t) { return (struct timespec){ t.tv_sec, t.tv_nsec }; }
#endif
