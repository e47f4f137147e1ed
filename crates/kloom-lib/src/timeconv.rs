//! Seconds since 1970 to a calendar date and back.
//!
//! Behaviour follows Linux 6.1 kernel/time/timeconv.c and kernel/time/time.c: the proleptic Gregorian calendar, no leap
//! seconds, any 64-bit count of seconds.

/// Broken-down time, as Linux's `struct tm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tm {
    /// Seconds, 0 to 59.
    pub sec: i32,
    /// Minutes, 0 to 59.
    pub min: i32,
    /// Hours, 0 to 23.
    pub hour: i32,
    /// Day of the month, 1 to 31.
    pub mday: i32,
    /// Months since January, 0 to 11.
    pub mon: i32,
    /// Years since 1900.
    pub year: i64,
    /// Days since Sunday, 0 to 6.
    pub wday: i32,
    /// Days since 1 January, 0 to 365.
    pub yday: i32,
}

const DAY_S: i64 = 86_400;
const DAYS_PER_400_YEARS: i64 = 146_097;
/// Days from 1 March of year 0 to 1 January 1970.
const EPOCH_FROM_MARCH_0: i64 = 719_468;

/// The date at `total_s` seconds after 1970-01-01 00:00:00, shifted by `offset_s` (negative to the west).
///
/// Uses the calendar that starts years in March, so that the leap day is a year's last.
#[must_use]
pub fn time64_to_tm(total_s: i64, offset_s: i32) -> Tm {
    let mut days = total_s.div_euclid(DAY_S);
    let mut rem = total_s.rem_euclid(DAY_S) + i64::from(offset_s);
    days += rem.div_euclid(DAY_S);
    rem = rem.rem_euclid(DAY_S);

    let from_march = days + EPOCH_FROM_MARCH_0;
    let era = from_march.div_euclid(DAYS_PER_400_YEARS);
    let day_of_era = from_march.rem_euclid(DAYS_PER_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Five months from March have 153 days, twice over.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let mday = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let mon = (month_from_march + 2) % 12;
    let year = era * 400 + year_of_era + i64::from(mon < 2);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let yday = if mon < 2 { day_of_year - 306 } else { day_of_year + 59 + i64::from(leap) };
    let small = |value: i64| i32::try_from(value).expect("a field of a date fits an int");
    Tm {
        sec: small(rem % 60),
        min: small(rem / 60 % 60),
        hour: small(rem / 3600),
        mday: small(mday),
        mon: small(mon),
        year: year - 1900,
        wday: small((days + 4).rem_euclid(7)),
        yday: small(yday),
    }
}

/// Seconds from 1970-01-01 00:00:00 to the given date; `mon` counts from 1. Fields out of range carry over, as in Linux.
#[must_use]
pub fn mktime64(year: u32, mon: u32, day: u32, hour: u32, min: u32, sec: u32) -> i64 {
    let (year, mon) = (i64::from(year), i64::from(mon));
    // January and February belong to the year before.
    let (year, mon) = if mon > 2 { (year, mon - 2) } else { (year - 1, mon + 10) };
    let days = year / 4 - year / 100 + year / 400 + 367 * mon / 12 + i64::from(day) + year * 365 - 719_499;
    ((days * 24 + i64::from(hour)) * 60 + i64::from(min)) * 60 + i64::from(sec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        let cases = [
            (0, (1970, 1, 1, 0, 0, 0, 4, 0)),
            (-1, (1969, 12, 31, 23, 59, 59, 3, 364)),
            (951_782_400, (2000, 2, 29, 0, 0, 0, 2, 59)),
            (1_700_000_000, (2023, 11, 14, 22, 13, 20, 2, 317)),
            (2_147_483_648, (2038, 1, 19, 3, 14, 8, 2, 18)),
            (4_107_542_400, (2100, 3, 1, 0, 0, 0, 1, 59)),
            (-62_135_596_800, (1, 1, 1, 0, 0, 0, 1, 0)),
        ];
        for (seconds, expect) in cases {
            let tm = time64_to_tm(seconds, 0);
            let found = (tm.year + 1900, tm.mon + 1, tm.mday, tm.hour, tm.min, tm.sec, tm.wday, tm.yday);
            assert_eq!(found, expect, "{seconds}");
        }
    }

    #[test]
    fn there_and_back_for_four_centuries() {
        let mut before: Option<Tm> = None;
        for day in 0..=146_097 {
            let tm = time64_to_tm(day * 86_400 + 45_296, 0);
            let year = u32::try_from(tm.year + 1900).expect("after 1970");
            let back = mktime64(
                year,
                tm.mon.cast_unsigned() + 1,
                tm.mday.cast_unsigned(),
                tm.hour.cast_unsigned(),
                tm.min.cast_unsigned(),
                tm.sec.cast_unsigned(),
            );
            assert_eq!(back, day * 86_400 + 45_296);
            if let Some(before) = before {
                assert_eq!(tm.wday, (before.wday + 1) % 7);
                assert!(tm.yday == before.yday + 1 || (tm.yday == 0 && before.yday >= 364));
            }
            before = Some(tm);
        }
    }

    #[test]
    fn the_ends_of_time_and_offsets() {
        assert_eq!(time64_to_tm(i64::MAX, 0).year, 292_277_026_596 - 1900);
        let first = time64_to_tm(i64::MIN, 0);
        assert_eq!((first.year, first.mon, first.mday), (-292_277_022_657 - 1900, 0, 27));
        assert_eq!((first.hour, first.min, first.sec), (8, 29, 52));
        assert!(time64_to_tm(i64::MIN, i32::MIN).year < first.year);
        assert_eq!(time64_to_tm(0, -3600).hour, 23);
        assert_eq!(time64_to_tm(0, 3600 * 30).mday, 2);
    }
}
