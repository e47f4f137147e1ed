//! C header: include/linux/timekeeping.h, include/linux/time.h, the counter of include/linux/jiffies.h.

use kloom_abi::Errno;
use kloom_abi::time::NSEC_PER_SEC;
use kloom_kernel::fault::Fault;
use kloom_kernel::time::ClockId;

use crate::Machine;
use crate::call::enter;
use crate::oops::or_oops;

const SEC_NS: i64 = NSEC_PER_SEC as i64;

/// `struct timespec`, returned by value.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Timespec {
    sec: i64,
    nsec: i64,
}

fn timespec(ns: i64) -> Timespec {
    Timespec { sec: ns.div_euclid(SEC_NS), nsec: ns.rem_euclid(SEC_NS) }
}

fn read(clock: ClockId) -> i64 {
    enter(|machine, _| machine.kernel.clock_ns(clock))
}

/// Writes a `timespec`; `per` nanoseconds are one of its second member.
fn store(machine: &mut Machine, addr: u64, ns: i64, per: i64) -> Result<(), Fault> {
    machine.check_access(addr, 16, true)?;
    let time = timespec(ns);
    machine.poke_u64(addr, time.sec as u64);
    machine.poke_u64(addr + 8, (time.nsec / per) as u64);
    Ok(())
}

fn store_clock(addr: u64, clock: ClockId, coarse: bool, removed: Option<(&'static str, &'static str)>) {
    or_oops(enter(|machine, _| {
        if let Some((name, replacement)) = removed {
            machine.note_removed(name, replacement);
        }
        let ns = if coarse { machine.kernel.clock_coarse_ns(clock) } else { machine.kernel.clock_ns(clock) };
        store(machine, addr, ns, 1)
    }));
}

/// `ktime_get()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ktime_get() -> i64 {
    read(ClockId::Monotonic)
}

/// `ktime_get_real()`.
pub(crate) extern "C" fn ktime_get_real() -> i64 {
    read(ClockId::Real)
}

/// `ktime_get_clocktai()`.
pub(crate) extern "C" fn ktime_get_clocktai() -> i64 {
    read(ClockId::Tai)
}

/// The clock of `enum tk_offsets`; boottime is monotonic time on a machine that never suspends.
fn offset_clock(offs: i32) -> ClockId {
    match offs {
        0 => ClockId::Real,
        2 => ClockId::Tai,
        _ => ClockId::Monotonic,
    }
}

/// `ktime_get_with_offset()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ktime_get_with_offset(offs: i32) -> i64 {
    read(offset_clock(offs))
}

/// `ktime_get_coarse_with_offset()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ktime_get_coarse_with_offset(offs: i32) -> i64 {
    enter(|machine, _| machine.kernel.clock_coarse_ns(offset_clock(offs)))
}

/// `ktime_get_seconds()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ktime_get_seconds() -> i64 {
    enter(|machine, _| machine.kernel.clock_coarse_ns(ClockId::Monotonic)) / SEC_NS
}

/// `ktime_get_real_seconds()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ktime_get_real_seconds() -> i64 {
    enter(|machine, _| machine.kernel.clock_coarse_ns(ClockId::Real)) / SEC_NS
}

/// `ktime_get_ts64()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ktime_get_ts64(ts: u64) {
    store_clock(ts, ClockId::Monotonic, false, None);
}

/// `ktime_get_real_ts64()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ktime_get_real_ts64(ts: u64) {
    store_clock(ts, ClockId::Real, false, None);
}

/// `ktime_get_coarse_ts64()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ktime_get_coarse_ts64(ts: u64) {
    store_clock(ts, ClockId::Monotonic, true, None);
}

/// `ktime_get_coarse_real_ts64()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ktime_get_coarse_real_ts64(ts: u64) {
    store_clock(ts, ClockId::Real, true, None);
}

/// `do_settimeofday64()`: 0 or `-EINVAL`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn do_settimeofday64(ts: u64) -> i32 {
    or_oops(enter(|machine, _| {
        machine.check_access(ts, 16, false)?;
        let (sec, nsec) = (machine.peek_u64(ts) as i64, machine.peek_u64(ts + 8));
        // timespec64_valid_settod(): at most 30 years before the clock's end.
        if !(0..=i64::MAX / SEC_NS - 30 * 365 * 24 * 3600).contains(&sec) || nsec >= NSEC_PER_SEC {
            return Ok(-Errno::EINVAL.0);
        }
        machine.kernel.clock.boot_epoch_ns = sec * SEC_NS + nsec as i64 - machine.kernel.now() as i64;
        Ok(0)
    }))
}

/// `do_gettimeofday()`, dropped in 5.0.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn do_gettimeofday(tv: u64) {
    or_oops(enter(|machine, _| {
        machine.note_removed("do_gettimeofday", "ktime_get_real_ts64()");
        let ns = machine.kernel.clock_ns(ClockId::Real);
        store(machine, tv, ns, 1000)
    }));
}

/// `getnstimeofday()`, dropped in 5.6.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn getnstimeofday(ts: u64) {
    store_clock(ts, ClockId::Real, false, Some(("getnstimeofday", "ktime_get_real_ts64()")));
}

/// `ktime_get_ts()`, dropped in 5.6.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ktime_get_ts(ts: u64) {
    store_clock(ts, ClockId::Monotonic, false, Some(("ktime_get_ts", "ktime_get_ts64()")));
}

/// `getrawmonotonic()`, dropped in 5.6.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn getrawmonotonic(ts: u64) {
    store_clock(ts, ClockId::Monotonic, false, Some(("getrawmonotonic", "ktime_get_raw_ts64()")));
}

/// `get_monotonic_boottime()`, dropped in 5.6.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_monotonic_boottime(ts: u64) {
    store_clock(ts, ClockId::Monotonic, false, Some(("get_monotonic_boottime", "ktime_get_boottime_ts64()")));
}

/// `current_kernel_time()`, dropped in 5.6.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn current_kernel_time() -> Timespec {
    enter(|machine, _| {
        machine.note_removed("current_kernel_time", "ktime_get_coarse_real_ts64()");
        timespec(machine.kernel.clock_coarse_ns(ClockId::Real))
    })
}

/// `get_seconds()`, dropped in 5.11.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_seconds() -> u64 {
    enter(|machine, _| {
        machine.note_removed("get_seconds", "ktime_get_real_seconds()");
        (machine.kernel.clock_coarse_ns(ClockId::Real) / SEC_NS) as u64
    })
}

/// `get_jiffies_64()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_jiffies_64() -> u64 {
    enter(|machine, _| machine.kernel.jiffies())
}

/// `mktime64()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn mktime64(year: u32, mon: u32, day: u32, hour: u32, min: u32, sec: u32) -> i64 {
    kloom_lib::timeconv::mktime64(year, mon, day, hour, min, sec)
}

/// `time64_to_tm()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn time64_to_tm(total_s: i64, offset_s: i32, result: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(result, 48, true)?;
        let tm = kloom_lib::timeconv::time64_to_tm(total_s, offset_s);
        for (offset, value) in
            [(0, tm.sec), (4, tm.min), (8, tm.hour), (12, tm.mday), (16, tm.mon), (32, tm.wday), (36, tm.yday)]
        {
            machine.poke_u32(result + offset, value as u32);
        }
        machine.poke_u64(result + 24, tm.year as u64);
        Ok(())
    }));
}

/// `rtc_time64_to_tm()`: the date of a time in UTC.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn rtc_time64_to_tm(time: i64, tm: u64) {
    let (days, rest) = (time.div_euclid(86_400), time.rem_euclid(86_400));
    // Days to a date, with years that begin in March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 2 } else { shifted_month - 10 };
    let year = year_of_era + era * 400 + i64::from(month < 2);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month as usize];
    let year_day = before + day - 1 + i64::from(leap && month > 1);
    let fields =
        [rest % 60, rest / 60 % 60, rest / 3600, day, month, year - 1900, (days + 4).rem_euclid(7), year_day, 0];
    let bytes: Vec<u8> = fields.iter().flat_map(|&field| (field as i32).to_le_bytes()).collect();
    crate::oops::or_oops(enter(|machine, _| machine.store(tm, &bytes)));
}

crate::exports![
    plain: rtc_time64_to_tm, ktime_get, ktime_get_with_offset, ktime_get_coarse_with_offset, ktime_get_seconds, ktime_get_real_seconds,
        ktime_get_ts64, ktime_get_real_ts64, ktime_get_coarse_ts64, ktime_get_coarse_real_ts64, do_settimeofday64,
        do_gettimeofday, getnstimeofday, ktime_get_ts, getrawmonotonic, get_monotonic_boottime, current_kernel_time, get_seconds,
        get_jiffies_64, mktime64, time64_to_tm;
    variadic: ;
    named: "ktime_get_raw" => ktime_get, "ktime_get_raw_ts64" => ktime_get_ts64, "ktime_get_mono_fast_ns" => ktime_get,
        "ktime_get_raw_fast_ns" => ktime_get, "ktime_get_boot_fast_ns" => ktime_get, "ktime_get_real_fast_ns" => ktime_get_real
];
