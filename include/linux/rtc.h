//! Dates.
#ifndef KLOOM_LINUX_RTC_H
#define KLOOM_LINUX_RTC_H
#include <linux/rtc_time.h>
#define rtc_time_to_tm(t, tm) rtc_time64_to_tm(t, tm)
#endif
