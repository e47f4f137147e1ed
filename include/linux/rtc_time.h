//! Dates.
#ifndef KLOOM_LINUX_RTC_TIME_H
#define KLOOM_LINUX_RTC_TIME_H
#include <linux/types.h>
struct rtc_time { int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst; };
void rtc_time64_to_tm(time64_t time, struct rtc_time *tm); //@4n splits a time into a date
#endif
