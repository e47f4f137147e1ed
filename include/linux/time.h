//! Wall-clock time.
#ifndef KLOOM_LINUX_TIME_H
#define KLOOM_LINUX_TIME_H
#include <linux/cache.h>
#include <linux/math64.h>
#include <linux/time64.h>
#include <linux/time32.h>
#include <linux/jiffies.h>
#include <linux/timekeeping.h>
#include <linux/rtc_time.h>
extern struct timezone sys_tz; //@4n the time zone of the console: zero
time64_t mktime64(const unsigned int year, const unsigned int mon, const unsigned int day, const unsigned int hour, const unsigned int min, const unsigned int sec); //@4n seconds since 1970 of a date in UTC
struct tm { int tm_sec, tm_min, tm_hour, tm_mday, tm_mon; long tm_year; int tm_wday, tm_yday; };
void time64_to_tm(time64_t totalsecs, int offset, struct tm *result); //@4n splits a time into a date; tm_year counts from 1900
static inline void time_to_tm(time_t totalsecs, int offset, struct tm *result) { time64_to_tm(totalsecs, offset, result); }
#endif
