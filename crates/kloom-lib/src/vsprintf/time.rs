//! `%pt`: dates and times, from a `struct rtc_time` (`R`) or a `time64_t` (`T`).

use super::Printer;
use super::decode::Spec;
use crate::at;
use crate::timeconv::time64_to_tm;

/// The fields of a `struct rtc_time` that are printed.
struct RtcTime {
    sec: i32,
    min: i32,
    hour: i32,
    mday: i32,
    mon: i32,
    year: i32,
}

/// An `int` as Linux's `number` gets it: sign-extended, and printed unsigned.
fn widened(field: i32) -> u64 {
    i64::from(field).cast_unsigned()
}

impl Printer<'_> {
    pub(super) fn time_and_date(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        let tm = match at(suffix, 1) {
            b'R' => {
                let Some(bytes) = self.fetch::<24>(addr, spec, b't') else {
                    return;
                };
                let field = |index: usize| {
                    let bytes = &bytes[index * 4..index * 4 + 4];
                    i32::from_le_bytes(bytes.try_into().expect("four bytes"))
                };
                RtcTime { sec: field(0), min: field(1), hour: field(2), mday: field(3), mon: field(4), year: field(5) }
            }
            b'T' => {
                let Some(seconds) = self.fetch::<8>(addr, spec, b't').map(i64::from_le_bytes) else {
                    return;
                };
                let tm = time64_to_tm(seconds, 0);
                RtcTime {
                    sec: tm.sec,
                    min: tm.min,
                    hour: tm.hour,
                    mday: tm.mday,
                    mon: tm.mon,
                    // The year is an int in rtc_time: Linux truncates it.
                    year: tm.year as i32,
                }
            }
            _ => {
                if self.check_pointer(addr, spec) {
                    self.error_string(b"(%pt?)", spec);
                }
                return;
            }
        };
        self.rtc_str(suffix.get(2..).unwrap_or_default(), &tm);
    }

    /// Prints date, time or both; `r` leaves year and month as they are stored, `s` separates by a space.
    fn rtc_str(&mut self, options: &[u8], tm: &RtcTime) {
        let (date, time, rest) = match at(options, 0) {
            b'd' => (true, false, &options[1..]),
            b't' => (false, true, &options[1..]),
            _ => (true, true, options),
        };
        let mut raw = false;
        let mut separator = b'T';
        for &letter in rest {
            match letter {
                b'r' => raw = true,
                b's' => separator = b' ',
                _ => break,
            }
        }
        let two = Spec::zero_padded(2);
        if date {
            let (year, mon) = if raw { (0, 0) } else { (1900, 1) };
            self.out.number(widened(tm.year.wrapping_add(year)), Spec::zero_padded(4));
            self.out.byte(b'-');
            self.out.number(widened(tm.mon.wrapping_add(mon)), two);
            self.out.byte(b'-');
            self.out.number(widened(tm.mday), two);
        }
        if date && time {
            self.out.byte(separator);
        }
        if time {
            self.out.number(widened(tm.hour), two);
            self.out.byte(b':');
            self.out.number(widened(tm.min), two);
            self.out.byte(b':');
            self.out.number(widened(tm.sec), two);
        }
    }
}
