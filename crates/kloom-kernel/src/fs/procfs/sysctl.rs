//! /proc/sys: the settings that programs and people look at, the ones that matter here being effective.
//!
//! Behaviour follows Linux 6.1 kernel/sysctl.c: numbers in any base C knows, several separated by blanks, anything
//! else is `EINVAL`; a file without write permission cannot be opened for writing even by root.

use kloom_abi::Errno;
use kloom_abi::time::NSEC_PER_SEC;

use crate::Kernel;
use crate::fs::kernfs::{Attr, KernKind, Kernfs, SYSCTL};

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sysctl {
    /// A number with its bounds, without effect here: it is kept where it is shown.
    Int(&'static str, i64, i64),
    /// The four log levels.
    Printk,
    /// When a task counts as hung, in seconds; 0 never.
    HungTaskTimeout,
    /// Taint flags; can only be added to.
    Tainted,
    /// `uname -n`.
    Hostname,
    /// `uname -r`.
    Osrelease,
    /// `uname -s`.
    Ostype,
    /// `uname -v`.
    Version,
    /// Most tasks.
    ThreadsMax,
    /// A number nobody can change.
    Const(&'static str),
}

/// Name, mode, setting, first value for numbers.
type Row = (&'static str, u32, Sysctl, i64);

const INT_MAX: i64 = i32::MAX as i64;

fn table() -> Vec<Row> {
    let int = |name, value, min, max| (name, 0o644, Sysctl::Int(name, min, max), value);
    let any = |name, value| int(name, value, -INT_MAX - 1, INT_MAX);
    let flag = |name, value| int(name, value, 0, 1);
    vec![
        ("kernel/hung_task_timeout_secs", 0o644, Sysctl::HungTaskTimeout, 0),
        ("kernel/printk", 0o644, Sysctl::Printk, 0),
        ("kernel/tainted", 0o644, Sysctl::Tainted, 0),
        ("kernel/hostname", 0o644, Sysctl::Hostname, 0),
        ("kernel/osrelease", 0o444, Sysctl::Osrelease, 0),
        ("kernel/ostype", 0o444, Sysctl::Ostype, 0),
        ("kernel/version", 0o444, Sysctl::Version, 0),
        ("kernel/threads-max", 0o644, Sysctl::ThreadsMax, 0),
        ("kernel/domainname", 0o644, Sysctl::Const("(none)"), 0),
        ("kernel/ngroups_max", 0o444, Sysctl::Const("65536"), 0),
        ("kernel/cap_last_cap", 0o444, Sysctl::Const("40"), 0),
        ("kernel/arch", 0o444, Sysctl::Const("x86_64"), 0),
        ("kernel/random/boot_id", 0o444, Sysctl::Const("6b6c6f6f-6d00-4000-8000-000000000000"), 0),
        ("kernel/random/entropy_avail", 0o444, Sysctl::Const("256"), 0),
        int("kernel/pid_max", 32768, 301, 4_194_304),
        any("kernel/panic", -1),
        any("kernel/panic_on_oops", 0),
        flag("kernel/panic_on_warn", 0),
        flag("kernel/dmesg_restrict", 0),
        int("kernel/kptr_restrict", 0, 0, 2),
        any("kernel/sched_rt_runtime_us", 950_000),
        int("kernel/sched_rt_period_us", 1_000_000, 1, INT_MAX),
        any("kernel/sched_rr_timeslice_ms", 100),
        flag("kernel/sched_autogroup_enabled", 0),
        flag("kernel/softlockup_panic", 0),
        flag("kernel/soft_watchdog", 1),
        flag("kernel/watchdog", 1),
        flag("kernel/nmi_watchdog", 0),
        int("kernel/watchdog_thresh", 10, 0, 60),
        flag("kernel/hung_task_panic", 0),
        int("kernel/hung_task_warnings", 10, -1, INT_MAX),
        any("kernel/hung_task_check_interval_secs", 0),
        any("kernel/hung_task_check_count", 4_194_304),
        any("kernel/randomize_va_space", 2),
        any("kernel/sysrq", 438),
        flag("kernel/modules_disabled", 0),
        any("kernel/printk_delay", 0),
        any("kernel/printk_ratelimit", 5),
        any("kernel/printk_ratelimit_burst", 10),
        int("vm/swappiness", 60, 0, 200),
        int("vm/drop_caches", 0, 0, 4),
        int("vm/overcommit_memory", 0, 0, 2),
        any("vm/panic_on_oom", 0),
        any("fs/file-max", 46_977),
    ]
}

pub(crate) fn register(kern: &mut Kernfs) {
    for dir in ["abi", "debug", "dev", "fs", "kernel", "net", "user", "vm"] {
        kern.make_dirs(SYSCTL, dir, 0o555);
    }
    for (path, mode, sysctl, value) in table() {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let dir = kern.make_dirs(SYSCTL, dir, 0o555);
        // The table's names are distinct.
        let added = kern.add(dir, name, KernKind::File(Attr::Sysctl(sysctl.clone())), mode, None, None);
        debug_assert!(added.is_ok());
        if let Sysctl::Int(name, ..) = sysctl {
            kern.sysctl_values.insert(name, value);
        }
    }
}

/// A number as C writes it: decimal, `0x` or a leading 0, with a sign.
fn parse_int(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let number = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => i64::from_str_radix(&digits[2..], 16),
        [b'0', _, ..] => i64::from_str_radix(&digits[1..], 8),
        [b'0'..=b'9', ..] => digits.parse(),
        _ => return None,
    };
    number.ok().map(|number| sign * number)
}

/// At most `count` numbers separated by blanks; at least one.
fn parse_ints(text: &str, count: usize) -> Result<Vec<i64>, Errno> {
    let numbers = text.split_ascii_whitespace().take(count).map(|word| parse_int(word).ok_or(Errno::EINVAL));
    let numbers = numbers.collect::<Result<Vec<i64>, Errno>>()?;
    if numbers.is_empty() { Err(Errno::EINVAL) } else { Ok(numbers) }
}

impl Kernel {
    /// Text of a setting.
    pub(crate) fn sysctl_read(&self, sysctl: &Sysctl) -> Vec<u8> {
        let text = match sysctl {
            Sysctl::Int(name, ..) => self.vfs.kern.sysctl_values.get(name).copied().unwrap_or(0).to_string(),
            Sysctl::Printk => format!("{}\t{}\t1\t7", self.printk.console_level, self.printk.default_level as u8),
            Sysctl::HungTaskTimeout if self.config.hang_after_ns >= u64::MAX / 2 => "0".to_string(),
            Sysctl::HungTaskTimeout => (self.config.hang_after_ns / NSEC_PER_SEC).to_string(),
            Sysctl::Tainted => self.tainted.to_string(),
            Sysctl::Hostname => self.vfs.hostname.clone(),
            Sysctl::Osrelease => self.config.release.clone(),
            Sysctl::Ostype => "Linux".to_string(),
            Sysctl::Version => self.vfs.uts_version.clone(),
            Sysctl::ThreadsMax => self.config.max_tasks.to_string(),
            Sysctl::Const(text) => (*text).to_string(),
        };
        format!("{text}\n").into_bytes()
    }

    /// Changes a setting.
    ///
    /// # Errors
    /// `EINVAL` for what is no number or out of bounds.
    pub(crate) fn sysctl_write(&mut self, sysctl: &Sysctl, bytes: &[u8]) -> Result<(), Errno> {
        let text = String::from_utf8_lossy(bytes);
        match *sysctl {
            Sysctl::Int(name, min, max) => {
                let value = parse_ints(&text, 1)?[0];
                if !(min..=max).contains(&value) {
                    return Err(Errno::EINVAL);
                }
                self.vfs.kern.sysctl_values.insert(name, value);
            }
            Sysctl::Printk => {
                let levels = parse_ints(&text, 4)?;
                if let Some(&console) = levels.first() {
                    self.printk.console_level = u8::try_from(console).map_err(|_| Errno::EINVAL)?;
                }
                if let Some(level) =
                    levels.get(1).and_then(|&level| u8::try_from(level).ok()).and_then(crate::printk::Level::from_digit)
                {
                    self.printk.default_level = level;
                }
            }
            Sysctl::HungTaskTimeout => {
                let secs = u64::try_from(parse_ints(&text, 1)?[0]).map_err(|_| Errno::EINVAL)?;
                if secs > i64::MAX as u64 / 250 {
                    return Err(Errno::EINVAL);
                }
                self.config.hang_after_ns = if secs == 0 { u64::MAX } else { secs.saturating_mul(NSEC_PER_SEC) };
            }
            Sysctl::Tainted => {
                let flags = parse_ints(&text, 1)?[0];
                self.tainted |= u32::try_from(flags).map_err(|_| Errno::EINVAL)?;
            }
            Sysctl::Hostname => {
                let name = text.lines().next().unwrap_or("");
                self.vfs.hostname = name.chars().take(64).collect();
            }
            Sysctl::ThreadsMax => {
                let value = parse_ints(&text, 1)?[0];
                self.config.max_tasks =
                    usize::try_from(value).ok().filter(|&value| value >= 20).ok_or(Errno::EINVAL)?;
                self.tasks.limit = self.config.max_tasks;
            }
            Sysctl::Osrelease | Sysctl::Ostype | Sysctl::Version | Sysctl::Const(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Errno;
    use crate::fs::flags::{O_TRUNC, O_WRONLY};
    use crate::fs::testing::with_user;
    use crate::fs::{OpenPlan, WritePlan};
    use crate::ops::{Op, Progress};

    /// Expectations are those of a real 6.1 kernel.
    #[test]
    fn settings_are_read_and_written_as_on_linux() {
        let (mut kernel, a) = with_user();
        let cases: &[(&str, &str, Result<&str, Errno>)] = &[
            ("hung_task_timeout_secs", "30\n", Ok("30\n")),
            ("hung_task_timeout_secs", "x\n", Err(Errno::EINVAL)),
            ("hung_task_timeout_secs", "-1\n", Err(Errno::EINVAL)),
            ("hung_task_timeout_secs", "0\n", Ok("0\n")),
            ("printk", "4 4 1 7\n", Ok("4\t4\t1\t7\n")),
            ("printk", "3\n", Ok("3\t4\t1\t7\n")),
            ("panic", "5\n", Ok("5\n")),
            ("panic", "5 6\n", Ok("5\n")),
            ("panic", "5x\n", Err(Errno::EINVAL)),
            ("panic", "0x10\n", Ok("16\n")),
            ("panic", "99999999999\n", Err(Errno::EINVAL)),
            ("panic", "\n", Err(Errno::EINVAL)),
            ("kptr_restrict", "3\n", Err(Errno::EINVAL)),
            ("kptr_restrict", "2\n", Ok("2\n")),
            ("tainted", "512\n", Ok("512\n")),
            ("tainted", "1\n", Ok("513\n")),
            ("hostname", "aa\n", Ok("aa\n")),
            ("osrelease", "x\n", Err(Errno::EACCES)),
        ];
        for (name, text, expected) in cases {
            let path = format!("/proc/sys/kernel/{name}");
            let mut write = || -> Result<(), Errno> {
                let Op::Done(OpenPlan::Done(fd)) =
                    kernel.sys_open(a, &path, O_WRONLY | O_TRUNC, 0, &mut Progress::default())?
                else {
                    panic!()
                };
                let wrote = kernel.sys_write(a, fd, text.as_bytes(), &mut Progress::default());
                let _ = kernel.sys_close(a, fd)?;
                assert!(matches!(wrote?, Op::Done(WritePlan::Done(n)) if n == text.len()));
                Ok(())
            };
            match (write(), expected) {
                (Ok(()), Ok(expected)) => {
                    assert_eq!(kernel.read_text(a, &path).as_deref(), Ok(*expected), "{name} {text:?}")
                }
                (got, expected) => assert_eq!(got, expected.map(|_| ()), "{name} {text:?}"),
            }
        }
        assert_eq!(kernel.config.hang_after_ns, u64::MAX);
        assert_eq!(kernel.sys_chmod(a, "/proc/sys/kernel/panic", 0), Err(Errno::EPERM));
        assert_eq!(kernel.sys_mkdir(a, "/proc/sys/x", 0), Err(Errno::ENOENT));
    }
}
