//! `dmesg` (util-linux) and `logger`.

use super::{Ctx, options};
use crate::signals;
use crate::sys::{Clock, Errno, LogRecord, SyslogOp, flags};
use crate::text;

const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];

fn level(text: &str) -> Option<u8> {
    match text.parse::<u8>() {
        Ok(n) => (1..=8).contains(&n).then_some(n),
        Err(_) => LEVELS.iter().position(|l| *l == text).map(|i| i as u8 + 1),
    }
}

struct Style {
    times: bool,
    raw: bool,
    decode: bool,
    /// Wall clock of boot, for -T.
    boot_ns: Option<u64>,
    levels: Option<Vec<u8>>,
}

impl Style {
    fn print(&self, ctx: &mut Ctx, record: &LogRecord) {
        if self.levels.as_ref().is_some_and(|l| !l.contains(&record.level)) {
            return;
        }
        let prefix = {
            let mut prefix = String::new();
            if self.raw {
                prefix.push_str(&format!("<{}>", u32::from(record.facility) * 8 + u32::from(record.level)));
            } else if self.decode {
                let facility = if record.facility == 0 { "kern" } else { "user" };
                prefix.push_str(&format!("{facility:<6}:{:<6}: ", LEVELS[usize::from(record.level.min(7))]));
            }
            match self.boot_ns {
                Some(boot) if self.times => {
                    let stamp =
                        super::sysinfo::format_date((boot + record.time_ns) / 1_000_000_000, "%a %b %e %H:%M:%S %Y");
                    prefix.push_str(&format!("[{stamp}] "));
                }
                _ if self.times => {
                    let us = record.time_ns / 1000;
                    prefix.push_str(&format!("[{:>5}.{:06}] ", us / 1_000_000, us % 1_000_000));
                }
                _ => {}
            }
            prefix
        };
        for line in text::decode(&record.text).split('\n') {
            ctx.put(&format!("{prefix}{line}\n"));
        }
    }
}

/// `dmesg [-c] [-C] [-n LEVEL] [-r] [-t] [-T] [-x] [-l LEVELS] [-w] [-W] [-D] [-E]`.
pub(crate) async fn dmesg(mut ctx: Ctx) -> i32 {
    // The long names that scripts use.
    let longs = [
        ("--clear", "-C"),
        ("--read-clear", "-c"),
        ("--follow", "-w"),
        ("--follow-new", "-W"),
        ("--notime", "-t"),
        ("--ctime", "-T"),
        ("--raw", "-r"),
        ("--kernel", "-k"),
        ("--decode", "-x"),
        ("--console-off", "-D"),
        ("--console-on", "-E"),
        ("--nopager", "-P"),
        ("--color=never", "-P"),
    ];
    for arg in &mut ctx.argv[1..] {
        if let Some((_, short)) = longs.iter().find(|(long, _)| long == arg) {
            *arg = (*short).to_string();
        } else if let Some(levels) = arg.strip_prefix("--level=") {
            *arg = format!("-l{levels}");
        }
    }
    let parsed = options!(ctx, "cCn:rtTxl:wWkDEuPHdes:");
    let sys = ctx.sys.clone();
    let done = |result: Result<_, Errno>| result.map(|_| ());
    let simple = if parsed.has('C') {
        Some(done(sys.syslog(SyslogOp::Clear).await))
    } else if parsed.has('D') {
        Some(done(sys.syslog(SyslogOp::ConsoleLevel(1)).await))
    } else if parsed.has('E') {
        Some(done(sys.syslog(SyslogOp::ConsoleLevel(7)).await))
    } else if let Some(text) = parsed.value('n') {
        match level(text) {
            Some(level) => Some(done(sys.syslog(SyslogOp::ConsoleLevel(level)).await)),
            None => return ctx.fail(&format!("unknown level '{text}'")).await,
        }
    } else {
        None
    };
    if let Some(result) = simple {
        return match result {
            Ok(()) => 0,
            Err(e) => ctx.fail(&format!("klogctl failed: {e}")).await,
        };
    }
    let mut style =
        Style { times: !parsed.has('t'), raw: parsed.has('r'), decode: parsed.has('x'), boot_ns: None, levels: None };
    if parsed.has('T') {
        let wall = sys.clock(Clock::Realtime).await.unwrap_or(0);
        style.boot_ns = Some(wall.saturating_sub(sys.clock(Clock::Monotonic).await.unwrap_or(0)));
    }
    if let Some(names) = parsed.value('l') {
        let mut levels = Vec::new();
        for name in names.split(',') {
            match LEVELS.iter().position(|l| *l == name) {
                Some(i) => levels.push(i as u8),
                None => return ctx.fail(&format!("unknown level '{name}'")).await,
            }
        }
        style.levels = Some(levels);
    }
    let follow = parsed.has('w') || parsed.has('W');
    let (records, mut next) = match sys.syslog(SyslogOp::ReadAll).await {
        Ok(all) => all,
        Err(e) => return ctx.fail(&format!("read kernel buffer failed: {e}")).await,
    };
    if !parsed.has('W') {
        for record in &records {
            style.print(&mut ctx, record);
            if !ctx.drain().await {
                return ctx.end(1).await;
            }
        }
    }
    if parsed.has('c')
        && let Err(e) = sys.syslog(SyslogOp::Clear).await
    {
        return ctx.fail(&format!("clear kernel buffer failed: {e}")).await;
    }
    while follow && ctx.flush().await {
        match sys.syslog(SyslogOp::ReadFrom(next)).await {
            Ok((records, n)) => {
                next = n;
                for record in &records {
                    style.print(&mut ctx, record);
                }
            }
            Err(Errno::EINTR) => return 128 + signals::SIGINT,
            Err(e) => return ctx.fail(&format!("read kernel buffer failed: {e}")).await,
        }
    }
    ctx.end(0).await
}

/// `logger TEXT…`: to the kernel's log, as there is no syslog daemon.
pub(crate) async fn logger(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "t:p:s");
    let tag = parsed.value('t').unwrap_or("root").to_string();
    let line = format!("<13>{tag}: {}\n", parsed.rest.join(" "));
    let result = match ctx.sys.open("/dev/kmsg", flags::O_WRONLY, 0).await {
        Ok(fd) => {
            let written = ctx.sys.write_all(fd, &text::encode(&line)).await;
            ctx.sys.close(fd).await.and(written)
        }
        Err(e) => Err(e),
    };
    match result {
        Ok(()) => 0,
        Err(e) => ctx.fail(&format!("/dev/kmsg: {e}")).await,
    }
}
