//! Priorities, policies, affinity.

use super::{Ctx, Parsed, execute};
use crate::sys::Syscall;
use crate::text;

/// `nice [-n N] [PROG ARGS]`.
pub(crate) async fn nice(mut ctx: Ctx) -> i32 {
    let mut args = ctx.argv[1..].to_vec();
    let mut add = 10;
    if let Some(first) = args.first().cloned() {
        let number = match first.as_str() {
            "-n" => {
                args.remove(0);
                args.first().cloned()
            }
            other => other.strip_prefix("-n").or_else(|| other.strip_prefix('-')).map(str::to_string),
        };
        if let Some(number) = number {
            match number.parse::<i32>() {
                Ok(n) => add = n,
                Err(_) => return ctx.fail(&format!("invalid number '{number}'")).await,
            }
            if !args.is_empty() {
                args.remove(0);
            }
        }
    }
    let current = ctx.sys.getpriority(0).await.unwrap_or(0);
    if args.is_empty() {
        ctx.put(&format!("{current}\n"));
        return ctx.end(0).await;
    }
    let nice = current.saturating_add(add).clamp(-20, 19);
    if let Err(e) = ctx.sys.unit(Syscall::Setpriority { pid: 0, nice }).await {
        ctx.fail(&format!("setpriority({nice}): {e}")).await;
    }
    Box::pin(execute(ctx.sys, args, ctx.env)).await
}

/// `renice [-n] N [-p] PID…`.
pub(crate) async fn renice(mut ctx: Ctx) -> i32 {
    let relative = ctx.argv[1..].iter().any(|a| a == "-n");
    let numbers: Vec<String> = ctx.argv[1..].iter().filter(|a| !matches!(a.as_str(), "-n" | "-p")).cloned().collect();
    let [nice, pids @ ..] = numbers.as_slice() else {
        ctx.warn("Usage: renice [-n] PRIORITY [-p] PID...\n").await;
        return 1;
    };
    let Ok(nice) = nice.parse::<i32>() else {
        return ctx.fail(&format!("invalid number '{nice}'")).await;
    };
    let mut status = 0;
    for text in pids {
        let Ok(pid) = text.parse::<i32>() else {
            status = ctx.fail(&format!("bad value {text}")).await;
            continue;
        };
        let old = match ctx.sys.getpriority(pid).await {
            Ok(old) => old,
            Err(e) => {
                status = ctx.fail(&format!("getpriority(0,{pid}): {e}")).await;
                continue;
            }
        };
        let new = if relative { old.saturating_add(nice) } else { nice }.clamp(-20, 19);
        if let Err(e) = ctx.sys.unit(Syscall::Setpriority { pid, nice: new }).await {
            status = ctx.fail(&format!("setpriority(0,{pid}): {e}")).await;
        }
    }
    status
}

/// A list of CPUs (`0,2-3`) as a mask.
fn parse_list(text: &str) -> Option<u64> {
    let mut mask = 0u64;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
        if first > last || last > 63 {
            return None;
        }
        for cpu in first..=last {
            mask |= 1 << cpu;
        }
    }
    Some(mask)
}

fn show_list(mask: u64) -> String {
    let mut parts = Vec::new();
    let mut cpu = 0;
    while cpu < 64 {
        if mask >> cpu & 1 == 1 {
            let first = cpu;
            while cpu < 63 && mask >> (cpu + 1) & 1 == 1 {
                cpu += 1;
            }
            parts.push(if first == cpu { first.to_string() } else { format!("{first}-{cpu}") });
        }
        cpu += 1;
    }
    parts.join(",")
}

/// `taskset [-c] [-p] MASK|LIST PID|PROG ARGS` (util-linux).
pub(crate) async fn taskset(mut ctx: Ctx) -> i32 {
    let parsed = match Parsed::new(&ctx.argv[1..], "cpa", false) {
        Ok(parsed) => parsed,
        Err(message) => return ctx.fail(&message).await,
    };
    let list = parsed.has('c');
    let show = |mask: u64| {
        if list { show_list(mask) } else { format!("{mask:x}") }
    };
    let kind = if list { "list" } else { "mask" };
    let read = |text: &str| {
        if list { parse_list(text) } else { u64::from_str_radix(text.trim_start_matches("0x"), 16).ok() }
    };
    match (parsed.has('p'), parsed.rest.as_slice()) {
        (true, [rest @ .., pid_text]) if rest.len() <= 1 => {
            let Ok(pid) = pid_text.parse::<i32>() else {
                return ctx.fail(&format!("invalid PID argument: '{pid_text}'")).await;
            };
            let old = match ctx.sys.getaffinity(pid).await {
                Ok(old) => old,
                Err(e) => {
                    return ctx.fail(&format!("failed to get pid {pid}'s affinity: {e}")).await;
                }
            };
            ctx.put(&format!("pid {pid}'s current affinity {kind}: {}\n", show(old)));
            if let Some(text) = rest.first() {
                let Some(mask) = read(text) else {
                    return ctx.fail(&format!("failed to parse CPU {kind}: {text}")).await;
                };
                if let Err(e) = ctx.sys.unit(Syscall::SchedSetaffinity { pid, mask }).await {
                    return ctx.fail(&format!("failed to set pid {pid}'s affinity: {e}")).await;
                }
                let new = ctx.sys.getaffinity(pid).await.unwrap_or(mask);
                ctx.put(&format!("pid {pid}'s new affinity {kind}: {}\n", show(new)));
            }
            ctx.end(0).await
        }
        (false, [text, command @ ..]) if !command.is_empty() => {
            let Some(mask) = read(text) else {
                return ctx.fail(&format!("failed to parse CPU {kind}: {text}")).await;
            };
            if let Err(e) = ctx.sys.unit(Syscall::SchedSetaffinity { pid: 0, mask }).await {
                return ctx.fail(&format!("failed to set pid 0's affinity: {e}")).await;
            }
            Box::pin(execute(ctx.sys, command.to_vec(), ctx.env)).await
        }
        _ => {
            ctx.warn("Usage: taskset [options] [mask | cpu-list] [pid|cmd [args...]]\n").await;
            1
        }
    }
}

/// `chrt [-f|-r|-o|-b|-i] [-p] [PRIO] PID|PROG ARGS`; `-m` shows the limits (util-linux).
pub(crate) async fn chrt(mut ctx: Ctx) -> i32 {
    let parsed = match Parsed::new(&ctx.argv[1..], "frobipma", false) {
        Ok(parsed) => parsed,
        Err(message) => return ctx.fail(&message).await,
    };
    const NAMES: [(u32, &str); 5] =
        [(0, "SCHED_OTHER"), (1, "SCHED_FIFO"), (2, "SCHED_RR"), (3, "SCHED_BATCH"), (5, "SCHED_IDLE")];
    if parsed.has('m') {
        for (policy, name) in NAMES {
            let range = if policy == 1 || policy == 2 { "1/99" } else { "0/0" };
            ctx.put(&format!("{:<36}: {range}\n", format!("{name} min/max priority")));
        }
        return ctx.end(0).await;
    }
    let policy = [('f', 1), ('r', 2), ('o', 0), ('b', 3), ('i', 5)]
        .iter()
        .find(|(letter, _)| parsed.has(*letter))
        .map_or(2, |(_, policy)| *policy);
    let chosen = ['f', 'r', 'o', 'b', 'i'].iter().any(|l| parsed.has(*l));
    if parsed.has('p') && parsed.rest.len() == 1 && !chosen {
        let Ok(pid) = parsed.rest[0].parse::<i32>() else {
            return ctx.fail(&format!("invalid PID argument: '{}'", parsed.rest[0])).await;
        };
        return match ctx.sys.getscheduler(pid).await {
            Ok((policy, priority)) => {
                let name = NAMES.iter().find(|(p, _)| *p == policy).map_or("unknown", |(_, n)| n);
                ctx.put(&format!("pid {pid}'s current scheduling policy: {name}\n"));
                ctx.put(&format!("pid {pid}'s current scheduling priority: {priority}\n"));
                ctx.end(0).await
            }
            Err(e) => ctx.fail(&format!("failed to get pid {pid}'s policy: {e}")).await,
        };
    }
    // Policies without priorities may leave the number out.
    let mut rest = parsed.rest.as_slice();
    let mut priority = 0;
    if let Some(number) = rest.first().and_then(|t| t.parse::<u32>().ok())
        && (rest.len() > 1 || matches!(policy, 1 | 2))
    {
        priority = number;
        rest = &rest[1..];
    }
    let Some(target) = rest.first() else {
        ctx.warn("Usage: chrt [options] <priority> <command> [<arg>...]\n").await;
        return 1;
    };
    if parsed.has('p') {
        let Ok(pid) = target.parse::<i32>() else {
            return ctx.fail(&format!("invalid PID argument: '{target}'")).await;
        };
        return match ctx.sys.unit(Syscall::SchedSetscheduler { pid, policy, priority }).await {
            Ok(()) => 0,
            Err(e) => ctx.fail(&format!("failed to set pid {pid}'s policy: {e}")).await,
        };
    }
    if let Err(e) = ctx.sys.unit(Syscall::SchedSetscheduler { pid: 0, policy, priority }).await {
        return ctx.fail(&format!("failed to set pid 0's policy: {e}")).await;
    }
    let command = rest.to_vec();
    Box::pin(execute(ctx.sys, command, ctx.env)).await
}

/// `nproc`: the CPUs this process may run on; `--all` those there are.
pub(crate) async fn nproc(mut ctx: Ctx) -> i32 {
    let count = if ctx.argv.iter().any(|a| a == "--all") {
        let online = ctx.sys.read_file("/sys/devices/system/cpu/online").await.unwrap_or_default();
        match parse_list(text::decode(&online).trim()) {
            Some(mask) => mask.count_ones(),
            None => ctx.sys.getaffinity(0).await.unwrap_or(1).count_ones(),
        }
    } else {
        ctx.sys.getaffinity(0).await.unwrap_or(1).count_ones()
    };
    ctx.put(&format!("{}\n", count.max(1)));
    ctx.end(0).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_masks() {
        assert_eq!(parse_list("0,2-3"), Some(0b1101));
        assert_eq!(parse_list("63"), Some(1 << 63));
        assert_eq!(parse_list("64"), None);
        assert_eq!(parse_list("3-1"), None);
        assert_eq!(show_list(0b1101), "0,2-3");
        assert_eq!(show_list(u64::MAX), "0-63");
    }
}
