//! Reading the clocks.
#ifndef KLOOM_LINUX_TIMEKEEPING_H
#define KLOOM_LINUX_TIMEKEEPING_H
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/time64.h>
ktime_t ktime_get(void); //@2gn monotonic time
ktime_t ktime_get_raw(void); //@4gn monotonic raw time
ktime_t ktime_get_with_offset(int offs); //@2gn monotonic time shifted: 0 real, 1 boottime, 2 TAI
ktime_t ktime_get_coarse_with_offset(int offs); //@4gn as ktime_get_with_offset at tick resolution
time64_t ktime_get_seconds(void); //@2gn monotonic seconds
time64_t ktime_get_real_seconds(void); //@2gn seconds since 1970
void ktime_get_ts64(struct timespec64 *ts); //@2gn monotonic time
void ktime_get_real_ts64(struct timespec64 *tv); //@2n time of day
void ktime_get_raw_ts64(struct timespec64 *ts); //@4n monotonic raw time
void ktime_get_coarse_ts64(struct timespec64 *ts); //@4n monotonic time of the last tick
void ktime_get_coarse_real_ts64(struct timespec64 *ts); //@4n time of day of the last tick
u64 ktime_get_mono_fast_ns(void); //@4gn monotonic ns, from any context
u64 ktime_get_raw_fast_ns(void); //@4gn raw ns, from any context
u64 ktime_get_real_fast_ns(void); //@4gn real ns, from any context
u64 ktime_get_boot_fast_ns(void); //@4gn boottime ns, from any context
int do_settimeofday64(const struct timespec64 *ts); //@4n sets the time of day; 0 or -EINVAL
void do_gettimeofday(struct timeval *tv); //@4n removed in 5.0: time of day; notes ktime_get_real_ts64
void getnstimeofday(struct timespec *ts); //@4n removed in 5.6: time of day; notes ktime_get_real_ts64
struct timespec current_kernel_time(void); //@4n removed in 5.6: time of day of the last tick; notes it
unsigned long get_seconds(void); //@4n removed in 5.11: seconds since 1970; notes ktime_get_real_seconds
void ktime_get_ts(struct timespec *ts); //@4n removed in 5.6: monotonic time; notes ktime_get_ts64
void getrawmonotonic(struct timespec *ts); //@4n removed in 5.6: raw time
void get_monotonic_boottime(struct timespec *ts); //@4n removed in 5.6: boottime
enum { TK_OFFS_REAL, TK_OFFS_BOOT, TK_OFFS_TAI };
static inline ktime_t ktime_get_real(void) { return ktime_get_with_offset(TK_OFFS_REAL); }
static inline ktime_t ktime_get_boottime(void) { return ktime_get_with_offset(TK_OFFS_BOOT); }
static inline ktime_t ktime_get_clocktai(void) { return ktime_get_with_offset(TK_OFFS_TAI); }
static inline ktime_t ktime_get_coarse(void) { return ktime_get_coarse_with_offset(-1); }
static inline ktime_t ktime_get_coarse_real(void) { return ktime_get_coarse_with_offset(TK_OFFS_REAL); }
static inline u64 ktime_get_ns(void) { return ktime_get(); }
static inline u64 ktime_get_real_ns(void) { return ktime_get_real(); }
static inline u64 ktime_get_boottime_ns(void) { return ktime_get_boottime(); }
static inline u64 ktime_get_boot_ns(void) { return ktime_get_boottime(); }
static inline u64 ktime_get_clocktai_ns(void) { return ktime_get_clocktai(); }
static inline u64 ktime_get_raw_ns(void) { return ktime_get_raw(); }
static inline u64 ktime_get_coarse_ns(void) { return ktime_get_coarse(); }
static inline void ktime_get_boottime_ts64(struct timespec64 *ts) { *ts = ns_to_timespec64(ktime_get_boottime()); }
static inline void ktime_get_clocktai_ts64(struct timespec64 *ts) { *ts = ns_to_timespec64(ktime_get_clocktai()); }
#define getnstimeofday64(ts) ktime_get_real_ts64(ts)
#define current_kernel_time64() ({ struct timespec64 __ck; ktime_get_coarse_real_ts64(&__ck); __ck; })
#define ktime_get_real_ts(ts) getnstimeofday(ts)
#define do_posix_clock_monotonic_gettime(ts) ktime_get_ts(ts)
#endif
