//! The machine about itself: `uname hostname id whoami date uptime free sync poweroff sysctl`.

use super::{Ctx, base_name, options};
use crate::sys::{Clock, RebootOp, Syscall, flags};
use crate::text;

/// `uname [-a] [-s] [-n] [-r] [-v] [-m] [-p] [-o]`.
pub(crate) async fn uname(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "asnrvmpio");
    let u = match ctx.sys.uname().await {
        Ok(u) => u,
        Err(e) => return ctx.fail(&format!("{e}")).await,
    };
    let all = parsed.has('a');
    let none = !"snrvmpio".chars().any(|l| parsed.has(l)) && !all;
    let mut parts = Vec::new();
    for (letter, text) in [('s', u.sysname), ('n', u.nodename), ('r', u.release), ('v', u.version), ('m', u.machine)] {
        if all || parsed.has(letter) || (none && letter == 's') {
            parts.push(text);
        }
    }
    for letter in ['p', 'i'] {
        if parsed.has(letter) {
            parts.push("unknown".into());
        }
    }
    if all || parsed.has('o') {
        parts.push("GNU/Linux".into());
    }
    ctx.put(&format!("{}\n", parts.join(" ")));
    ctx.end(0).await
}

/// `hostname [NAME]`.
pub(crate) async fn hostname(mut ctx: Ctx) -> i32 {
    let result = match ctx.argv.get(1).cloned() {
        Some(name) if !name.starts_with('-') => ctx.sys.unit(Syscall::Sethostname { name }).await.map(|()| None),
        _ => ctx.sys.uname().await.map(|u| Some(u.nodename)),
    };
    match result {
        Ok(Some(name)) => {
            ctx.put(&format!("{name}\n"));
            ctx.end(0).await
        }
        Ok(None) => 0,
        Err(e) => ctx.fail(&format!("sethostname: {e}")).await,
    }
}

/// `id [-u] [-g] [-n]`: there is only root.
pub(crate) async fn id(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "ugGnr");
    let text = match (['u', 'g', 'G'].iter().any(|l| parsed.has(*l)), parsed.has('n')) {
        (true, true) => "root",
        (true, false) => "0",
        _ => "uid=0(root) gid=0(root) groups=0(root)",
    };
    ctx.put(&format!("{text}\n"));
    ctx.end(0).await
}

/// `whoami`.
pub(crate) async fn whoami(mut ctx: Ctx) -> i32 {
    ctx.put("root\n");
    ctx.end(0).await
}

/// Year, month (from 1), day of a day since 1970-01-01 (Gregorian, proleptic).
fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

/// strftime in UTC, the conversions that commands here use.
pub(super) fn format_date(epoch: u64, format: &str) -> String {
    const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let days = (epoch / 86400) as i64;
    let (year, month, day) = civil(days);
    let second = epoch % 86400;
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    let weekday = DAYS[((days + 4) % 7) as usize];
    let month_name = MONTHS[month as usize - 1];
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let text = match chars.next() {
            Some('Y') => year.to_string(),
            Some('y') => format!("{:02}", year % 100),
            Some('m') => format!("{month:02}"),
            Some('d') => format!("{day:02}"),
            Some('e') => format!("{day:>2}"),
            Some('H') => format!("{h:02}"),
            Some('I') => format!("{:02}", if h % 12 == 0 { 12 } else { h % 12 }),
            Some('M') => format!("{m:02}"),
            Some('S') => format!("{s:02}"),
            Some('p') => if h < 12 { "AM" } else { "PM" }.into(),
            Some('a') => weekday[..3].into(),
            Some('A') => weekday.into(),
            Some('b' | 'h') => month_name[..3].into(),
            Some('B') => month_name.into(),
            Some('s') => epoch.to_string(),
            Some('F') => format!("{year}-{month:02}-{day:02}"),
            Some('T') => format!("{h:02}:{m:02}:{s:02}"),
            Some('R') => format!("{h:02}:{m:02}"),
            Some('D') => format!("{month:02}/{day:02}/{:02}", year % 100),
            Some('Z') => "UTC".into(),
            Some('z') => "+0000".into(),
            Some('u') => (if (days + 4) % 7 == 0 { 7 } else { (days + 4) % 7 }).to_string(),
            Some('w') => ((days + 4) % 7).to_string(),
            Some('n') => "\n".into(),
            Some('t') => "\t".into(),
            Some('%') => "%".into(),
            Some(c) => format!("%{c}"),
            None => "%".into(),
        };
        out.push_str(&text);
    }
    out
}

/// `date [-u] [+FORMAT]`; `%N` are nanoseconds.
pub(crate) async fn date(mut ctx: Ctx) -> i32 {
    let ns = match ctx.sys.clock(Clock::Realtime).await {
        Ok(ns) => ns,
        Err(e) => return ctx.fail(&format!("{e}")).await,
    };
    let mut format = "%a %b %e %H:%M:%S UTC %Y".to_string();
    for arg in ctx.argv.split_off(1) {
        match arg.strip_prefix('+') {
            Some(text) => format = text.replace("%N", &format!("{:09}", ns % 1_000_000_000)),
            None if arg == "-u" => {}
            None => return ctx.fail(&format!("invalid date '{arg}'")).await,
        }
    }
    let line = format_date(ns / 1_000_000_000, &format);
    ctx.put(&format!("{line}\n"));
    ctx.end(0).await
}

/// `3 min`, `2:05`, `1 day, 2:05`, as uptime and top say it.
pub(super) fn up_text(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
    let mut text = String::new();
    if days > 0 {
        text.push_str(&format!("{days} day{}, ", if days == 1 { "" } else { "s" }));
    }
    if hours > 0 {
        text.push_str(&format!("{hours:>2}:{minutes:02}"));
    } else {
        text.push_str(&format!("{minutes} min"));
    }
    text
}

/// `uptime`.
pub(crate) async fn uptime(mut ctx: Ctx) -> i32 {
    let load = text::decode(&ctx.sys.read_file("/proc/loadavg").await.unwrap_or_default());
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    let load = if load.len() == 3 { load.join(", ") } else { "0.00, 0.00, 0.00".into() };
    let wall = ctx.sys.clock(Clock::Realtime).await.unwrap_or(0) / 1_000_000_000;
    let up = ctx.sys.clock(Clock::Monotonic).await.unwrap_or(0) / 1_000_000_000;
    let line = format!(" {} up {},  0 users,  load average: {load}\n", format_date(wall, "%H:%M:%S"), up_text(up));
    ctx.put(&line);
    ctx.end(0).await
}

/// `free [-k] [-m] [-h]`.
pub(crate) async fn free(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "kmghbtw");
    let bytes = match ctx.sys.read_file("/proc/meminfo").await {
        Ok(bytes) => bytes,
        Err(e) => return ctx.fail(&format!("/proc/meminfo: {e}")).await,
    };
    let text = text::decode(&bytes);
    let kb = |key: &str| -> u64 {
        let line = text.lines().find(|l| l.starts_with(key) && l[key.len()..].starts_with(':'));
        line.and_then(|l| l.split_whitespace().nth(1)).and_then(|n| n.parse().ok()).unwrap_or(0)
    };
    let unit = |kb: u64| match (parsed.has('b'), parsed.has('m'), parsed.has('g')) {
        (true, ..) => kb * 1024,
        (_, true, _) => kb / 1024,
        (_, _, true) => kb / 1024 / 1024,
        _ => kb,
    };
    let (total, unused, shared) = (kb("MemTotal"), kb("MemFree"), kb("Shmem"));
    let cache = kb("Buffers") + kb("Cached");
    let available = if kb("MemAvailable") > 0 { kb("MemAvailable") } else { unused };
    let used = total.saturating_sub(unused).saturating_sub(cache);
    let row = |name: &str, cells: &[u64]| {
        let cells: Vec<String> = cells.iter().map(|n| format!("{:>12}", unit(*n))).collect();
        format!("{name:<8}{}\n", cells.join("").get(0..).unwrap_or_default())
    };
    ctx.put("               total        used        free      shared  buff/cache   available\n");
    ctx.put(&row("Mem:", &[total, used, unused, shared, cache, available]));
    ctx.put(&row("Swap:", &[kb("SwapTotal"), 0, kb("SwapFree")]));
    ctx.end(0).await
}

/// `sync`.
pub(crate) async fn sync(ctx: Ctx) -> i32 {
    i32::from(ctx.sys.unit(Syscall::Sync).await.is_err())
}

/// `poweroff`, `reboot`, `halt`.
pub(crate) async fn poweroff(mut ctx: Ctx) -> i32 {
    let op = match base_name(&ctx.argv[0]) {
        "reboot" => RebootOp::Restart,
        "halt" => RebootOp::Halt,
        _ => RebootOp::PowerOff,
    };
    match ctx.sys.unit(Syscall::Reboot { op }).await {
        Ok(()) => 0,
        Err(e) => ctx.fail(&format!("reboot: {e}")).await,
    }
}

/// `sysctl [-n] [-w] NAME[=VALUE]…`: the files below /proc/sys.
pub(crate) async fn sysctl(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "nwqe");
    let mut status = 0;
    for arg in &parsed.rest {
        let (name, value) = arg.split_once('=').map_or((arg.as_str(), None), |(n, v)| (n.trim(), Some(v.trim())));
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        let shown = match value {
            None => ctx.sys.read_file(&path).await.map(|b| text::decode(&b).trim_end().to_string()),
            Some(value) => match ctx.sys.open(&path, flags::O_WRONLY | flags::O_TRUNC, 0).await {
                Ok(fd) => {
                    let written = ctx.sys.write_all(fd, &text::encode(&format!("{value}\n"))).await;
                    ctx.sys.close(fd).await.and(written).map(|()| value.to_string())
                }
                Err(e) => Err(e),
            },
        };
        match shown {
            Ok(text) if parsed.has('n') => ctx.put(&format!("{text}\n")),
            Ok(text) => ctx.put(&format!("{name} = {text}\n")),
            Err(e) => status = ctx.fail(&format!("error: '{path}' {e}")).await,
        }
    }
    ctx.end(status).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(format_date(0, "%a %b %e %H:%M:%S UTC %Y"), "Thu Jan  1 00:00:00 UTC 1970");
        assert_eq!(format_date(951_782_400, "%F"), "2000-02-29");
        assert_eq!(format_date(1_700_000_000, "%F %T %a"), "2023-11-14 22:13:20 Tue");
        assert_eq!(up_text(59), "0 min");
        assert_eq!(up_text(90_061), "1 day,  1:01");
    }
}
