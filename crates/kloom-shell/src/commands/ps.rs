//! `ps` and `top`, as procps 4.0 prints them without a terminal.

use super::process::{Proc, processes};
use super::{Ctx, options};
use crate::sys::{Clock, Sys};
use crate::text;

/// Clock ticks per second of /proc's times (USER_HZ).
const HZ: u64 = 100;

/// What columns need to know of the machine.
struct World {
    /// Since boot.
    now_ns: u64,
    boot_s: u64,
    wall_s: u64,
}

async fn world(sys: &Sys) -> World {
    let now_ns = sys.clock(Clock::Monotonic).await.unwrap_or(0);
    let wall_s = sys.clock(Clock::Realtime).await.unwrap_or(0) / 1_000_000_000;
    World { now_ns, boot_s: wall_s.saturating_sub(now_ns / 1_000_000_000), wall_s }
}

/// Column: names it goes by, header, width, whether it is flush left.
struct Column {
    name: &'static str,
    header: &'static str,
    width: usize,
    left: bool,
}

/// A column as this call shows it.
struct Shown {
    column: &'static Column,
    header: String,
    width: usize,
}

/// Digits of the largest pid (`kernel.pid_max` is 32768), as wide as procps makes the columns of pids.
const PID_WIDTH: usize = 5;

/// Width beyond which an asked width is cut.
const MAX_WIDTH: usize = 1000;

const COLUMNS: &[Column] = &[
    Column { name: "pid", header: "PID", width: PID_WIDTH, left: false },
    Column { name: "tgid", header: "TGID", width: PID_WIDTH, left: false },
    Column { name: "ppid", header: "PPID", width: PID_WIDTH, left: false },
    Column { name: "pgid", header: "PGID", width: PID_WIDTH, left: false },
    Column { name: "pgrp", header: "PGRP", width: PID_WIDTH, left: false },
    Column { name: "sid", header: "SID", width: PID_WIDTH, left: false },
    Column { name: "sess", header: "SESS", width: PID_WIDTH, left: false },
    Column { name: "tid", header: "TID", width: PID_WIDTH, left: false },
    Column { name: "lwp", header: "LWP", width: PID_WIDTH, left: false },
    Column { name: "nlwp", header: "NLWP", width: 4, left: false },
    Column { name: "user", header: "USER", width: 8, left: true },
    Column { name: "uid", header: "UID", width: 5, left: false },
    Column { name: "tty", header: "TT", width: 8, left: true },
    Column { name: "tname", header: "TTY", width: 8, left: true },
    Column { name: "time", header: "TIME", width: 8, left: false },
    Column { name: "cputime", header: "TIME", width: 8, left: false },
    Column { name: "bsdtime", header: "TIME", width: 6, left: false },
    Column { name: "etime", header: "ELAPSED", width: 11, left: false },
    Column { name: "etimes", header: "ELAPSED", width: 7, left: false },
    Column { name: "stime", header: "STIME", width: 5, left: false },
    Column { name: "start", header: "START", width: 8, left: false },
    Column { name: "bsdstart", header: "START", width: 6, left: false },
    Column { name: "lstart", header: "STARTED", width: 24, left: false },
    Column { name: "s", header: "S", width: 1, left: true },
    Column { name: "state", header: "S", width: 1, left: true },
    Column { name: "stat", header: "STAT", width: 4, left: true },
    Column { name: "c", header: "C", width: 2, left: false },
    Column { name: "pcpu", header: "%CPU", width: 4, left: false },
    Column { name: "%cpu", header: "%CPU", width: 4, left: false },
    Column { name: "pmem", header: "%MEM", width: 4, left: false },
    Column { name: "%mem", header: "%MEM", width: 4, left: false },
    Column { name: "vsz", header: "VSZ", width: 6, left: false },
    Column { name: "rss", header: "RSS", width: 5, left: false },
    Column { name: "sz", header: "SZ", width: 5, left: false },
    Column { name: "ni", header: "NI", width: 3, left: false },
    Column { name: "nice", header: "NI", width: 3, left: false },
    Column { name: "pri", header: "PRI", width: 3, left: false },
    Column { name: "opri", header: "PRI", width: 3, left: false },
    Column { name: "priority", header: "PRI", width: 3, left: false },
    Column { name: "rtprio", header: "RTPRIO", width: 6, left: false },
    Column { name: "cls", header: "CLS", width: 3, left: false },
    Column { name: "class", header: "CLS", width: 3, left: false },
    Column { name: "policy", header: "POL", width: 3, left: false },
    Column { name: "psr", header: "PSR", width: 3, left: false },
    Column { name: "f", header: "F", width: 1, left: false },
    Column { name: "flags", header: "F", width: 1, left: false },
    Column { name: "wchan", header: "WCHAN", width: 6, left: true },
    Column { name: "addr", header: "ADDR", width: 4, left: false },
    Column { name: "comm", header: "COMMAND", width: 15, left: true },
    Column { name: "ucmd", header: "CMD", width: 15, left: true },
    Column { name: "ucomm", header: "COMMAND", width: 15, left: true },
    Column { name: "args", header: "COMMAND", width: 27, left: true },
    Column { name: "command", header: "COMMAND", width: 27, left: true },
    Column { name: "cmd", header: "CMD", width: 27, left: true },
];

fn column(name: &str) -> Option<&'static Column> {
    let name = match name {
        "tt" => "tty",
        "euser" | "uname" | "ruser" => "user",
        "euid" | "ruid" => "uid",
        "start_time" => "stime",
        "session" => "sess",
        "vsize" => "vsz",
        "spid" => "tid",
        "thcount" => "nlwp",
        "rssize" | "rsz" => "rss",
        "cpuid" => "psr",
        other => other,
    };
    COLUMNS.iter().find(|c| c.name == name)
}

fn hms(seconds: u64) -> String {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if h >= 24 { format!("{}-{:02}:{m:02}:{s:02}", h / 24, h % 24) } else { format!("{h:02}:{m:02}:{s:02}") }
}

fn start_clock(world: &World, start_s: u64) -> String {
    let at = world.boot_s + start_s;
    let format = if world.wall_s.saturating_sub(at) < 86400 { "%H:%M" } else { "%b%d" };
    super::sysinfo::format_date(at, format)
}

fn policy_name(policy: i64) -> &'static str {
    match policy {
        0 => "TS",
        1 => "FF",
        2 => "RR",
        3 => "B",
        5 => "IDL",
        6 => "DLN",
        _ => "?",
    }
}

/// Nice as procps shows it: `-` for a real-time task.
fn nice(p: &Proc) -> String {
    if matches!(p.field(41), 1 | 2) { "-".into() } else { p.field(19).to_string() }
}

fn stat_letters(p: &Proc) -> String {
    let mut out = p.state.clone();
    if p.field(19) < 0 {
        out.push('<');
    } else if p.field(19) > 0 {
        out.push('N');
    }
    if p.field(6) == i64::from(p.pid) {
        out.push('s');
    }
    if p.field(20) > 1 {
        out.push('l');
    }
    out
}

fn full_name(p: &Proc) -> String {
    let mut text = if p.argv.is_empty() { format!("[{}]", p.comm) } else { p.argv.join(" ") };
    if p.state == "Z" {
        text.push_str(" <defunct>");
    }
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

async fn cell(sys: &Sys, name: &str, p: &Proc, world: &World) -> String {
    let ticks = (p.field(14) + p.field(15)).max(0) as u64;
    let start_s = p.field(22).max(0) as u64 / HZ;
    let elapsed = (world.now_ns / 1_000_000_000).saturating_sub(start_s);
    // Per mille of one CPU since its start.
    let permille = (ticks * 1000 / HZ).checked_div(elapsed).unwrap_or(0);
    match name {
        "pid" | "tgid" | "tid" | "lwp" => p.pid.to_string(),
        "ppid" => p.field(4).to_string(),
        "pgid" | "pgrp" => p.field(5).to_string(),
        "sid" | "sess" => p.field(6).to_string(),
        "nlwp" => p.field(20).max(1).to_string(),
        "user" => "root".into(),
        "uid" => "0".into(),
        "tty" | "tname" => "?".into(),
        "time" | "cputime" => hms(ticks / HZ),
        "bsdtime" => format!("{}:{:02}", ticks / HZ / 60, ticks / HZ % 60),
        "etimes" => elapsed.to_string(),
        "etime" if elapsed < 3600 => format!("{:02}:{:02}", elapsed / 60, elapsed % 60),
        "etime" => hms(elapsed),
        "stime" | "bsdstart" => start_clock(world, start_s),
        "start" => super::sysinfo::format_date(world.boot_s + start_s, "%H:%M:%S"),
        "lstart" => super::sysinfo::format_date(world.boot_s + start_s, "%a %b %e %H:%M:%S %Y"),
        "s" | "state" => p.state.clone(),
        "stat" => stat_letters(p),
        "c" => (permille / 10).min(99).to_string(),
        "pcpu" | "%cpu" if permille >= 1000 => (permille / 10).to_string(),
        "pcpu" | "%cpu" => format!("{}.{}", permille / 10, permille % 10),
        "pmem" | "%mem" => "0.0".into(),
        "vsz" => (p.field(23).max(0) / 1024).to_string(),
        "rss" => (p.field(24).max(0) * 4).to_string(),
        "sz" => (p.field(23).max(0) / 4096).to_string(),
        "ni" | "nice" => nice(p),
        "pri" => (39 - p.field(18)).to_string(),
        "opri" => (60 + p.field(18)).to_string(),
        "priority" => p.field(18).to_string(),
        "rtprio" => {
            if p.field(40) > 0 {
                p.field(40).to_string()
            } else {
                "-".into()
            }
        }
        "cls" | "class" | "policy" => policy_name(p.field(41)).into(),
        "psr" => p.field(39).to_string(),
        "f" | "flags" => {
            // PF_FORKNOEXEC and PF_SUPERPRIV, as procps cuts the flags.
            format!("{:o}", (p.field(9) >> 6) & 0x7)
        }
        "wchan" => {
            let text = sys.read_file(&format!("/proc/{}/wchan", p.pid)).await.unwrap_or_default();
            match text::decode(&text).trim() {
                "" | "0" => "-".into(),
                name => name.to_string(),
            }
        }
        "comm" | "ucmd" | "ucomm" if p.state == "Z" => format!("{} <defunct>", p.comm),
        "comm" | "ucmd" | "ucomm" => p.comm.clone(),
        "args" | "command" | "cmd" => full_name(p),
        _ => "-".into(),
    }
}

#[derive(Default)]
struct Selection {
    all: bool,
    pids: Vec<i64>,
    parents: Vec<i64>,
    names: Vec<String>,
    negate: bool,
}

impl Selection {
    fn fits(&self, p: &Proc) -> bool {
        // Users other than root do not exist, nor terminals: without a choice everything is shown, as procps does for
        // root without a terminal.
        let none = self.pids.is_empty() && self.parents.is_empty() && self.names.is_empty();
        let fits = self.all
            || none
            || self.pids.contains(&i64::from(p.pid))
            || self.parents.contains(&p.field(4))
            || self.names.iter().any(|n| *n == p.comm || n.chars().take(15).eq(p.comm.chars()));
        fits != self.negate
    }
}

/// `ps` with procps' UNIX options (`-e -A -f -F -l -o -p -C -u -L -ww …`), BSD ones (`a u x w ax aux`) and `--sort`,
/// `--ppid`, `--no-headers`.
pub(crate) async fn ps(mut ctx: Ctx) -> i32 {
    let mut selection = Selection::default();
    let mut layout = "default";
    let mut custom: Vec<(String, Option<String>)> = Vec::new();
    let (mut headers, mut sort) = (true, Vec::new());
    let words = ctx.argv.split_off(1);
    let mut args = words.clone().into_iter();
    let bad = "error: unsupported option";
    while let Some(arg) = args.next() {
        if let Some(long) = arg.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(n, v)| (n, Some(v.to_string())));
            match name {
                "no-headers" | "no-heading" | "noheaders" => headers = false,
                "headers" | "forest" | "deselect" if name == "deselect" => selection.negate = true,
                "headers" | "forest" => {}
                "pid" | "ppid" | "sort" | "format" | "user" => {
                    let Some(value) = value.or_else(|| args.next()) else {
                        return ctx.fail("error: list argument missing").await;
                    };
                    match name {
                        "pid" => selection.pids.extend(numbers(&value)),
                        "ppid" => selection.parents.extend(numbers(&value)),
                        "sort" => sort.extend(value.split(',').map(str::to_string)),
                        "format" => formats(&value, &mut custom),
                        // Everybody is root.
                        _ => {}
                    }
                }
                _ => {
                    return ctx.fail(&format!("error: unknown gnu long option\n{bad} --{long}")).await;
                }
            }
            continue;
        }
        let unix = arg.starts_with('-');
        let letters: Vec<char> = arg.trim_start_matches('-').chars().collect();
        if !unix && letters.first().is_some_and(char::is_ascii_digit) {
            selection.pids.extend(numbers(&arg));
            continue;
        }
        let mut i = 0;
        while i < letters.len() {
            let letter = letters[i];
            i += 1;
            let takes = match letter {
                'o' | 'O' | 'p' | 'C' | 'q' => true,
                'u' | 'U' | 'g' | 'G' | 't' | 's' => unix,
                _ => false,
            };
            if takes {
                let attached: String = letters[i..].iter().collect();
                i = letters.len();
                let value = if attached.is_empty() { args.next() } else { Some(attached) };
                let Some(value) = value else {
                    return ctx.fail("error: list of process IDs must follow -p").await;
                };
                match letter {
                    'o' | 'O' => formats(&value, &mut custom),
                    'p' | 'q' => selection.pids.extend(numbers(&value)),
                    'C' => selection.names.extend(value.split([',', ' ']).map(str::to_string)),
                    _ => {}
                }
                continue;
            }
            match (unix, letter) {
                (true, 'e' | 'A') | (_, 'x' | 'a' | 'd') => selection.all = true,
                (true, 'f') => layout = "full",
                (true, 'F') => layout = "full",
                (_, 'l') => layout = "long",
                (_, 'j') => layout = "jobs",
                (false, 'u') => layout = "user",
                (_, 'N') => selection.negate = true,
                (_, 'h') => headers = false,
                (_, 'w' | 'L' | 'T' | 'm' | 'H' | 'y' | 'M' | 'c' | 'r' | 'e' | 'f' | 'n' | 'S') => {}
                _ => return ctx.fail(&format!("{bad} {letter}")).await,
            }
        }
    }
    if layout == "default" && selection.all && words.iter().any(|a| !a.starts_with('-') && a.contains('x')) {
        layout = "bsd";
    }
    let standard: &[(&str, &str)] = match layout {
        "full" => &[
            ("user", "UID"),
            ("pid", "PID"),
            ("ppid", "PPID"),
            ("c", "C"),
            ("stime", "STIME"),
            ("tname", "TTY"),
            ("time", "TIME"),
            ("cmd", "CMD"),
        ],
        "user" => &[
            ("user", "USER"),
            ("pid", "PID"),
            ("%cpu", "%CPU"),
            ("%mem", "%MEM"),
            ("vsz", "VSZ"),
            ("rss", "RSS"),
            ("tname", "TTY"),
            ("stat", "STAT"),
            ("stime", "START"),
            ("bsdtime", "TIME"),
            ("command", "COMMAND"),
        ],
        "long" => &[
            ("f", "F"),
            ("s", "S"),
            ("uid", "UID"),
            ("pid", "PID"),
            ("ppid", "PPID"),
            ("c", "C"),
            ("opri", "PRI"),
            ("ni", "NI"),
            ("addr", "ADDR"),
            ("sz", "SZ"),
            ("wchan", "WCHAN"),
            ("tname", "TTY"),
            ("time", "TIME"),
            ("ucmd", "CMD"),
        ],
        "jobs" => {
            &[("pid", "PID"), ("pgid", "PGID"), ("sid", "SID"), ("tname", "TTY"), ("time", "TIME"), ("ucmd", "CMD")]
        }
        "bsd" => &[("pid", "PID"), ("tname", "TTY"), ("stat", "STAT"), ("bsdtime", "TIME"), ("command", "COMMAND")],
        _ => &[("pid", "PID"), ("tname", "TTY"), ("time", "TIME"), ("ucmd", "CMD")],
    };
    if custom.is_empty() {
        custom = standard.iter().map(|(n, h)| ((*n).to_string(), Some((*h).to_string()))).collect();
    }
    let mut columns = Vec::new();
    for (name, header) in &custom {
        // `wchan:20` asks for a width.
        let (name, width) = match name.split_once(':').map(|(n, width)| (n, width.parse())) {
            Some((n, Ok(width))) => (n, Some(width)),
            _ => (name.as_str(), None),
        };
        match column(name) {
            Some(c) => columns.push(Shown {
                column: c,
                header: header.clone().unwrap_or_else(|| c.header.to_string()),
                width: width.unwrap_or(c.width).min(MAX_WIDTH),
            }),
            None => {
                return ctx.fail(&format!("error: unknown user-defined format specifier \"{name}\"")).await;
            }
        }
    }
    let procs = match processes(&ctx.sys, true).await {
        Ok(procs) => procs,
        Err(e) => return ctx.fail(&format!("error: can not access /proc: {e}")).await,
    };
    let world = world(&ctx.sys).await;
    let mut procs: Vec<Proc> = procs.into_iter().filter(|p| selection.fits(p)).collect();
    for key in sort.iter().rev() {
        let (name, reverse) = match key.strip_prefix('-') {
            Some(name) => (name, true),
            None => (key.trim_start_matches('+'), false),
        };
        let mut keyed = Vec::new();
        for p in procs {
            let text = cell(&ctx.sys, name, &p, &world).await;
            let number = text.parse::<f64>().unwrap_or(0.0);
            keyed.push((number, text, p));
        }
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        if reverse {
            keyed.reverse();
        }
        procs = keyed.into_iter().map(|(_, _, p)| p).collect();
    }
    let any = !procs.is_empty();
    // A column is as wide as its standard width, its header, or (the ones that grow) its widest cell.
    let headers = headers && columns.iter().any(|c| !c.header.is_empty());
    if headers {
        let cells: Vec<String> = columns.iter().map(|c| c.header.clone()).collect();
        ctx.put(&row(&columns, &cells));
    }
    for p in &procs {
        let mut cells = Vec::with_capacity(columns.len());
        for c in &columns {
            cells.push(cell(&ctx.sys, c.column.name, p, &world).await);
        }
        ctx.put(&row(&columns, &cells));
        if !ctx.drain().await {
            break;
        }
    }
    ctx.end(i32::from(!any)).await
}

fn row(columns: &[Shown], cells: &[String]) -> String {
    let mut line = String::new();
    for (i, (shown, text)) in columns.iter().zip(cells).enumerate() {
        let column = shown.column;
        let width = shown.width.max(shown.header.chars().count());
        let last = i + 1 == columns.len();
        if i > 0 {
            line.push(' ');
        }
        if !column.left {
            line.push_str(&format!("{text:>width$}"));
        } else if last {
            line.push_str(text);
        } else if matches!(column.name, "wchan" | "comm" | "ucmd" | "ucomm") {
            // procps cuts these at their column, unless they are last and may run on.
            line.push_str(&format!("{text:<width$.width$}"));
        } else {
            line.push_str(&format!("{text:<width$}"));
        }
    }
    line.push('\n');
    line
}

fn numbers(text: &str) -> Vec<i64> {
    text.split([',', ' ']).filter_map(|t| t.parse().ok()).collect()
}

/// `pid,ppid` or `pid=Header` or `pid=`.
fn formats(text: &str, custom: &mut Vec<(String, Option<String>)>) {
    for part in text.split([',', ' ']).filter(|p| !p.is_empty()) {
        match part.split_once('=') {
            Some((name, header)) => custom.push((name.to_string(), Some(header.to_string()))),
            None => custom.push((part.to_string(), None)),
        }
    }
}

/// Numbers after `key` in a /proc text of `key: number` lines.
fn proc_number(text: &str, key: &str) -> u64 {
    let line = text.lines().find(|l| l.split([':', ' ']).next() == Some(key));
    line.and_then(|l| l.split_whitespace().nth(1)).and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// `top -b -n N -d S [-p PIDS] [-H]`: batch snapshots; without `-b` one snapshot, for there is no terminal.
pub(crate) async fn top(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "bn:d:p:Hciw:o:SE:e:u:");
    let rounds = match parsed.value('n').map(str::parse::<u64>) {
        None if parsed.has('b') => u64::MAX,
        None => 1,
        Some(Ok(n)) if n > 0 => n,
        _ => {
            return ctx.fail(&format!("bad iterations argument '{}'", parsed.value('n').unwrap_or_default())).await;
        }
    };
    let delay = match parsed.value('d').map(super::seconds) {
        None => 3_000_000_000,
        Some(Some(ns)) => ns,
        Some(None) => {
            return ctx.fail(&format!("bad delay interval '{}'", parsed.value('d').unwrap_or_default())).await;
        }
    };
    let only = parsed.value('p').map(numbers);
    // Ticks of each process at the last snapshot, and the machine's busy and idle ticks.
    let mut before: std::collections::BTreeMap<i32, i64> = std::collections::BTreeMap::new();
    let (mut before_cpu, mut before_ns) = (Vec::new(), 0);
    for round in 0..rounds {
        if round > 0 {
            ctx.put("\n");
            if !ctx.flush().await || !matches!(ctx.sys.nanosleep(delay.max(1)).await, Ok(0)) {
                break;
            }
        }
        let world = world(&ctx.sys).await;
        let procs = processes(&ctx.sys, true).await.unwrap_or_default();
        let procs: Vec<Proc> =
            procs.into_iter().filter(|p| only.as_ref().is_none_or(|pids| pids.contains(&i64::from(p.pid)))).collect();
        let count = |states: &str| procs.iter().filter(|p| states.contains(p.state.as_str())).count();
        let load = text::decode(&ctx.sys.read_file("/proc/loadavg").await.unwrap_or_default());
        let load: Vec<&str> = load.split_whitespace().take(3).collect();
        let load = if load.len() == 3 { load.join(", ") } else { "0.00, 0.00, 0.00".into() };
        let clock = super::sysinfo::format_date(world.wall_s, "%H:%M:%S");
        let up = super::sysinfo::up_text(world.now_ns / 1_000_000_000);
        ctx.put(&format!("top - {clock} up {up},  0 users,  load average: {load}\n"));
        ctx.put(&format!(
            "Tasks: {:>3} total, {:>3} running, {:>3} sleeping, {:>3} stopped, {:>3} zombie\n",
            procs.len(),
            count("R"),
            count("SDIP"),
            count("Tt"),
            count("Z")
        ));
        let stat = text::decode(&ctx.sys.read_file("/proc/stat").await.unwrap_or_default());
        let cpu: Vec<u64> = stat
            .lines()
            .find(|l| l.starts_with("cpu "))
            .map(|l| l.split_whitespace().skip(1).filter_map(|n| n.parse().ok()).collect())
            .unwrap_or_default();
        let share = |i: usize| -> f64 {
            let part =
                |i: usize| cpu.get(i).copied().unwrap_or(0).saturating_sub(before_cpu.get(i).copied().unwrap_or(0));
            let total: u64 = (0..8).map(part).sum();
            match total {
                0 => {
                    if i == 3 {
                        100.0
                    } else {
                        0.0
                    }
                }
                total => part(i) as f64 * 100.0 / total as f64,
            }
        };
        ctx.put(&format!(
            "%Cpu(s):{:>5.1} us,{:>5.1} sy,{:>5.1} ni,{:>5.1} id,{:>5.1} wa,{:>5.1} hi,{:>5.1} si,{:>5.1} st \n",
            share(0),
            share(2),
            share(1),
            share(3),
            share(4),
            share(5),
            share(6),
            share(7)
        ));
        let mem = text::decode(&ctx.sys.read_file("/proc/meminfo").await.unwrap_or_default());
        let mib = |key: &str| proc_number(&mem, key) as f64 / 1024.0;
        let cache = mib("Buffers") + mib("Cached");
        let used = (mib("MemTotal") - mib("MemFree") - cache).max(0.0);
        ctx.put(&format!(
            "MiB Mem : {:>8.1} total, {:>8.1} free, {used:>8.1} used, {cache:>8.1} buff/cache     \n",
            mib("MemTotal"),
            mib("MemFree")
        ));
        ctx.put(&format!(
            "MiB Swap: {:>8.1} total, {:>8.1} free, {:>8.1} used. {:>8.1} avail Mem \n\n",
            0.0,
            0.0,
            0.0,
            mib("MemAvailable").max(mib("MemFree"))
        ));
        ctx.put("  PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n");
        let interval_ns = world.now_ns.saturating_sub(before_ns).max(1);
        let mut rows: Vec<(f64, Proc)> = procs
            .into_iter()
            .map(|p| {
                let ticks = p.field(14) + p.field(15);
                let start_ns = p.field(22).max(0) as u64 * 10_000_000;
                // In the first snapshot the share is that since its start, afterwards that of the interval.
                let (part, ns) = match before.get(&p.pid) {
                    Some(last) => (ticks - last, interval_ns),
                    None => (ticks, world.now_ns.saturating_sub(start_ns.max(before_ns)).max(1)),
                };
                before.insert(p.pid, ticks);
                ((part.max(0) as f64 * 1e9 / ns as f64).min(9999.0), p)
            })
            .collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.pid.cmp(&b.1.pid)));
        for (share, p) in rows {
            let ticks = (p.field(14) + p.field(15)).max(0);
            let time = format!("{}:{:02}.{:02}", ticks / 6000, ticks / 100 % 60, ticks % 100);
            let priority = if p.field(18) <= -100 { "rt".to_string() } else { p.field(18).to_string() };
            let name = if parsed.has('c') { full_name(&p) } else { p.comm.clone() };
            ctx.put(&format!(
                "{:>PID_WIDTH$} {:<8} {priority:>3} {:>3} {:>7} {:>6} {:>6} {} {share:>5.1} {:>5.1} {time:>9} {name}\n",
                p.pid,
                "root",
                p.field(19),
                p.field(23).max(0) / 1024,
                p.field(24).max(0) * 4,
                0,
                p.state,
                0.0,
            ));
        }
        before_cpu = cpu;
        before_ns = world.now_ns;
    }
    ctx.end(0).await
}
