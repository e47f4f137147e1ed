//! Signals to processes, waiting, and commands that start other commands.

use super::{Ctx, Parsed, base_name, execute, options, path_of, seconds};
use crate::builtins::job_pid;
use crate::shell::Shell;
use crate::signals;
use crate::sys::{Errno, SigAction, Sys, WaitFor, WaitStatus};
use crate::text;

/// A process as /proc tells it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proc {
    pub(crate) pid: i32,
    pub(crate) comm: String,
    pub(crate) state: String,
    /// Fields of /proc/PID/stat from the state on: `fields[0]` is the state.
    pub(crate) fields: Vec<i64>,
    pub(crate) argv: Vec<String>,
}

impl Proc {
    /// A field by its number in proc(5), where the state is 3.
    pub(crate) fn field(&self, number: usize) -> i64 {
        self.fields.get(number - 3).copied().unwrap_or(0)
    }
}

/// Every process, by pid; with command lines if asked for.
pub(crate) async fn processes(sys: &Sys, with_argv: bool) -> Result<Vec<Proc>, Errno> {
    let mut pids: Vec<i32> = sys.readdir("/proc").await?.iter().filter_map(|e| e.name.parse().ok()).collect();
    pids.sort_unstable();
    let mut all = Vec::with_capacity(pids.len());
    for pid in pids {
        // One that has ended meanwhile is left out.
        let Ok(stat) = sys.read_file(&format!("/proc/{pid}/stat")).await else {
            continue;
        };
        let stat = text::decode(&stat);
        // The name may have parentheses itself.
        let (Some(open), Some(close)) = (stat.find('('), stat.rfind(')')) else {
            continue;
        };
        let mut proc = Proc { pid, comm: stat[open + 1..close].to_string(), ..Proc::default() };
        let mut fields = stat[close + 1..].split_whitespace();
        proc.state = fields.next().unwrap_or("?").to_string();
        proc.fields.push(0);
        // Addresses do not fit an i64; nobody asks for them.
        proc.fields.extend(fields.map(|f| f.parse::<i64>().unwrap_or(0)));
        if with_argv && let Ok(line) = sys.read_file(&format!("/proc/{pid}/cmdline")).await {
            let line = text::decode(&line);
            let line = line.strip_suffix('\0').unwrap_or(&line);
            if !line.is_empty() {
                proc.argv = line.split('\0').map(str::to_string).collect();
            }
        }
        all.push(proc);
    }
    Ok(all)
}

/// The signal option of kill's family: `-9`, `-KILL`, `-SIGKILL`, `-s KILL`, `-n 9`. Gives it and the rest.
fn signal_option(args: &[String]) -> Result<(i32, &[String]), String> {
    let Some(first) = args.first() else {
        return Ok((signals::SIGTERM, args));
    };
    if matches!(first.as_str(), "-s" | "-n" | "--signal") {
        let Some(name) = args.get(1) else {
            return Err(format!("option requires an argument -- '{}'", &first[1..]));
        };
        return signals::parse(name).map(|s| (s, &args[2..])).ok_or_else(|| format!("bad signal name '{name}'"));
    }
    if first == "--" {
        return Ok((signals::SIGTERM, &args[1..]));
    }
    match first.strip_prefix('-') {
        Some(name) if !name.is_empty() => {
            signals::parse(name).map(|s| (s, &args[1..])).ok_or_else(|| format!("bad signal name '{name}'"))
        }
        _ => Ok((signals::SIGTERM, args)),
    }
}

fn list_signals(args: &[String]) -> Result<String, String> {
    if args.is_empty() {
        let rows = signals::NAMES.iter().enumerate().map(|(i, name)| format!("{:2}) {name}\n", i + 1));
        return Ok(rows.collect());
    }
    let mut out = String::new();
    for arg in args {
        match arg.parse::<i32>() {
            Ok(number) => {
                let signal = if number > 128 { number - 128 } else { number };
                out.push_str(&format!("{}\n", signals::name(signal)));
            }
            Err(_) => match signals::parse(arg) {
                Some(signal) => out.push_str(&format!("{signal}\n")),
                None => return Err(format!("bad signal name '{arg}'")),
            },
        }
    }
    Ok(out)
}

/// The shell's own `kill`, which knows its jobs.
pub(crate) async fn kill_builtin(shell: &mut Shell, args: &[String]) -> i32 {
    if args.first().is_some_and(|a| a == "-l") {
        return match list_signals(&args[1..]) {
            Ok(text) => i32::from(shell.sys.write_all(1, text.as_bytes()).await.is_err()),
            Err(message) => {
                shell.complain(&message).await;
                1
            }
        };
    }
    let (signal, targets) = match signal_option(args) {
        Ok(found) => found,
        Err(message) => {
            shell.complain(&message).await;
            return 1;
        }
    };
    let targets = if targets.first().is_some_and(|t| t == "--") { &targets[1..] } else { targets };
    if targets.is_empty() {
        shell.complain("you need to specify whom to kill").await;
        return 1;
    }
    let mut status = 0;
    for target in targets {
        let pid = if target.starts_with('%') { job_pid(shell, target) } else { target.parse().ok() };
        let problem = match pid {
            None if target.starts_with('%') => Some(format!("kill: {target}: no such job")),
            None => Some(format!("invalid number '{target}'")),
            Some(pid) => match shell.sys.kill(pid, signal).await {
                Ok(()) => None,
                Err(e) => Some(format!("can't kill pid {pid}: {e}")),
            },
        };
        if let Some(problem) = problem {
            shell.complain(&problem).await;
            status = 1;
        }
    }
    status
}

/// `/bin/kill`.
pub(crate) async fn kill(mut ctx: Ctx) -> i32 {
    let args = ctx.argv[1..].to_vec();
    if args.first().is_some_and(|a| a == "-l") {
        return match list_signals(&args[1..]) {
            Ok(text) => {
                ctx.put(&text);
                ctx.end(0).await
            }
            Err(message) => ctx.fail(&message).await,
        };
    }
    let (signal, targets) = match signal_option(&args) {
        Ok(found) => found,
        Err(message) => return ctx.fail(&message).await,
    };
    if targets.is_empty() {
        return ctx.fail("you need to specify whom to kill").await;
    }
    let mut status = 0;
    for target in targets {
        let Ok(pid) = target.parse::<i32>() else {
            status = ctx.fail(&format!("invalid number '{target}'")).await;
            continue;
        };
        if let Err(e) = ctx.sys.kill(pid, signal).await {
            status = ctx.fail(&format!("can't kill pid {pid}: {e}")).await;
        }
    }
    status
}

/// `pidof [-s] [-x] [-o PID] NAME…`: options as procps, kernel threads found by name as busybox does (procps wants -w).
pub(crate) async fn pidof(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "sxwo:qc");
    let omit: Vec<i32> = parsed.values('o').flat_map(|v| v.split(',')).filter_map(|v| v.parse().ok()).collect();
    let procs = processes(&ctx.sys, true).await.unwrap_or_default();
    let mut pids: Vec<i32> = procs
        .iter()
        .filter(|p| {
            parsed.rest.iter().any(|name| {
                let program = p.argv.first().map_or(p.comm.as_str(), String::as_str);
                // Of a kernel thread procps looks at the 15 characters that the scheduler knows.
                (!p.argv.is_empty() || name.len() <= 15) && (base_name(program) == base_name(name) || p.comm == *name)
            })
        })
        .map(|p| p.pid)
        .filter(|pid| !omit.contains(pid))
        .collect();
    pids.reverse();
    if parsed.has('s') {
        pids.truncate(1);
    }
    if pids.is_empty() {
        return 1;
    }
    if !parsed.has('q') {
        let list: Vec<String> = pids.iter().map(i32::to_string).collect();
        ctx.put(&format!("{}\n", list.join(" ")));
    }
    ctx.end(0).await
}

/// `pgrep` and `pkill` (procps): `-f` whole command line, `-x` exact, `-l` names, `-a` command lines, `-c` count, `-n` newest,
/// `-o` oldest, `-P` parent, `-v` the others; pkill: `-SIGNAL`.
pub(crate) async fn pgrep(mut ctx: Ctx) -> i32 {
    let killing = base_name(&ctx.argv[0]) == "pkill";
    let mut signal = signals::SIGTERM;
    let mut args = Vec::new();
    for arg in &ctx.argv[1..] {
        match arg.strip_prefix('-').and_then(signals::parse) {
            Some(s) if killing && arg.len() > 2 || arg.len() == 2 && arg.as_bytes()[1].is_ascii_digit() => signal = s,
            _ => args.push(arg.clone()),
        }
    }
    let parsed = match Parsed::new(&args, "fxlacnovP:u:s:e", true) {
        Ok(parsed) => parsed,
        Err(message) => {
            ctx.fail(&message).await;
            return 2;
        }
    };
    let pattern = parsed.rest.first().cloned().unwrap_or_default();
    if parsed.rest.is_empty() && !parsed.has('P') && !parsed.has('u') {
        ctx.fail("no matching criteria specified\nTry `pgrep --help' for more information.").await;
        return 2;
    }
    let pattern = if parsed.has('x') { format!("^(?:{pattern})$") } else { pattern };
    let Ok(regex) = regex_lite::Regex::new(&pattern) else {
        ctx.fail(&format!("Invalid regular expression '{pattern}'")).await;
        return 2;
    };
    let parents: Vec<i64> =
        parsed.value('P').into_iter().flat_map(|v| v.split(',')).filter_map(|v| v.parse().ok()).collect();
    let own = ctx.sys.getpid().await.unwrap_or(0);
    let mut found: Vec<_> = processes(&ctx.sys, true)
        .await
        .unwrap_or_default()
        .into_iter()
        .filter(|p| p.pid != own)
        .filter(|p| {
            let whole = parsed.has('f') && !p.argv.is_empty();
            let text = if whole { p.argv.join(" ") } else { p.comm.clone() };
            let fits = regex.is_match(&text) && (parents.is_empty() || parents.contains(&p.field(4)));
            fits != parsed.has('v')
        })
        .collect();
    if parsed.has('n') || parsed.has('o') {
        found.sort_by_key(|p| (p.field(22), p.pid));
        let keep = if parsed.has('n') { found.pop() } else { found.into_iter().next() };
        found = keep.into_iter().collect();
    }
    if found.is_empty() {
        if parsed.has('c') {
            ctx.put("0\n");
        }
        return ctx.end(1).await;
    }
    if killing {
        let mut status = 0;
        for p in found {
            match ctx.sys.kill(p.pid, signal).await {
                Ok(()) if parsed.has('e') => ctx.put(&format!("{} killed (pid {})\n", p.comm, p.pid)),
                Ok(()) => {}
                Err(e) => status = ctx.fail(&format!("killing pid {} failed: {e}", p.pid)).await,
            }
        }
        return ctx.end(status).await;
    }
    if parsed.has('c') {
        ctx.put(&format!("{}\n", found.len()));
        return ctx.end(0).await;
    }
    for p in found {
        let line = if parsed.has('a') {
            format!("{} {}\n", p.pid, if p.argv.is_empty() { p.comm.clone() } else { p.argv.join(" ") })
        } else if parsed.has('l') {
            format!("{} {}\n", p.pid, p.comm)
        } else {
            format!("{}\n", p.pid)
        };
        ctx.put(&line);
    }
    ctx.end(0).await
}

/// `killall [-q] [-SIGNAL] NAME…` (busybox).
pub(crate) async fn killall(mut ctx: Ctx) -> i32 {
    let args: Vec<String> = ctx.argv[1..].to_vec();
    let quiet = args.iter().any(|a| a == "-q");
    let args: Vec<String> = args.into_iter().filter(|a| a != "-q").collect();
    let (signal, names) = match signal_option(&args) {
        Ok(found) => found,
        Err(message) => return ctx.fail(&message).await,
    };
    if names.is_empty() {
        return ctx.fail("you need to specify whom to kill").await;
    }
    let own = ctx.sys.getpid().await.unwrap_or(0);
    let mut status = 0;
    for name in names {
        let procs = processes(&ctx.sys, true).await.unwrap_or_default();
        let mut any = false;
        for p in procs.iter().rev().filter(|p| p.pid != own) {
            let program = p.argv.first().map_or("", |a| base_name(a));
            if p.comm == *name || program == name {
                any = true;
                if let Err(e) = ctx.sys.kill(p.pid, signal).await {
                    status = ctx.fail(&format!("can't kill pid {}: {e}", p.pid)).await;
                }
            }
        }
        if !any {
            status = 1;
            if !quiet {
                ctx.fail(&format!("{name}: no process killed")).await;
            }
        }
    }
    status
}

/// `sleep N[smhd]…`.
pub(crate) async fn sleep(mut ctx: Ctx) -> i32 {
    if ctx.argv.len() < 2 {
        ctx.warn("BusyBox v1.35.0 multi-call binary.\n\nUsage: sleep [N]...\n").await;
        return 1;
    }
    let mut total = 0u64;
    for arg in ctx.argv.split_off(1) {
        if arg == "infinity" || arg == "inf" {
            total = u64::MAX / 4;
            continue;
        }
        match seconds(&arg) {
            Some(ns) => total = total.saturating_add(ns),
            None => return ctx.fail(&format!("invalid number '{arg}'")).await,
        }
    }
    snooze(&ctx.sys, total).await
}

/// `usleep MICROSECONDS`.
pub(crate) async fn usleep(mut ctx: Ctx) -> i32 {
    match ctx.argv.get(1).map(|a| a.parse::<u64>()) {
        Some(Ok(us)) => snooze(&ctx.sys, us.saturating_mul(1000)).await,
        Some(Err(_)) => {
            let arg = ctx.argv[1].clone();
            ctx.fail(&format!("invalid number '{arg}'")).await
        }
        None => 0,
    }
}

async fn snooze(sys: &Sys, ns: u64) -> i32 {
    let mut left = ns;
    loop {
        match sys.nanosleep(left).await {
            Ok(0) => return 0,
            Ok(rest) => left = rest,
            Err(_) => return 1,
        }
    }
}

/// `timeout [-s SIGNAL] [-k SECS] SECS PROG ARGS` (busybox): this process becomes PROG, a watcher signals it.
pub(crate) async fn timeout(mut ctx: Ctx) -> i32 {
    let parsed = match Parsed::new(&ctx.argv[1..], "s:k:t:", false) {
        Ok(parsed) => parsed,
        Err(message) => return ctx.fail(&message).await,
    };
    let signal = match parsed.value('s') {
        None => signals::SIGTERM,
        Some(name) => match signals::parse(name) {
            Some(signal) => signal,
            None => return ctx.fail(&format!("unknown signal '{name}'")).await,
        },
    };
    let kill_after = match parsed.value('k').map(|k| (k, seconds(k))) {
        None => None,
        Some((_, Some(ns))) => Some(ns),
        Some((text, None)) => return ctx.fail(&format!("invalid number '{text}'")).await,
    };
    let [limit, command @ ..] = parsed.rest.as_slice() else {
        ctx.warn("Usage: timeout [-s SIG] [-k KILL_SECS] SECS PROG ARGS\n").await;
        return 1;
    };
    let Some(limit_ns) = seconds(limit) else {
        return ctx.fail(&format!("invalid number '{limit}'")).await;
    };
    if command.is_empty() {
        ctx.warn("Usage: timeout [-s SIG] [-k KILL_SECS] SECS PROG ARGS\n").await;
        return 1;
    }
    let target = ctx.sys.getpid().await.unwrap_or(0);
    // A grandchild, so that the program has no child it does not know of.
    let helper = ctx.sys.fork(Box::new(move |sys| {
        Box::pin(async move {
            let watcher = sys.fork(Box::new(move |sys| {
                Box::pin(async move {
                    for fd in 0..3 {
                        let _ = sys.close(fd).await;
                    }
                    watch_over(&sys, target, limit_ns, signal, kill_after).await;
                    0
                })
            }));
            i32::from(watcher.await.is_err())
        })
    }));
    match helper.await {
        Ok(pid) => {
            let _ = ctx.sys.wait(WaitFor::Pid(pid), false, None).await;
        }
        Err(e) => return ctx.fail(&format!("fork: {e}")).await,
    }
    Box::pin(execute(ctx.sys, command.to_vec(), ctx.env)).await
}

async fn watch_over(sys: &Sys, target: i32, limit_ns: u64, signal: i32, kill_after: Option<u64>) {
    for (ns, signal) in [(Some(limit_ns), signal), (kill_after, signals::SIGKILL)] {
        let Some(mut left) = ns else { return };
        while left > 0 {
            // Looks every second whether there is still something to watch.
            let nap = left.min(1_000_000_000);
            snooze(sys, nap).await;
            left -= nap;
            if sys.kill(target, 0).await.is_err() {
                return;
            }
        }
        if sys.kill(target, signal).await.is_err() {
            return;
        }
    }
}

/// `nohup PROG ARGS`: SIGHUP is ignored.
pub(crate) async fn nohup(mut ctx: Ctx) -> i32 {
    if ctx.argv.len() < 2 {
        ctx.warn("Usage: nohup PROG ARGS\n").await;
        return 127;
    }
    let _ = ctx.sys.sigaction(signals::SIGHUP, SigAction::Ignore).await;
    Box::pin(execute(ctx.sys, ctx.argv[1..].to_vec(), ctx.env)).await
}

/// `sudo PROG ARGS`: everybody is root here.
pub(crate) async fn sudo(mut ctx: Ctx) -> i32 {
    if ctx.argv.len() < 2 {
        ctx.warn("usage: sudo command\n").await;
        return 1;
    }
    Box::pin(execute(ctx.sys, ctx.argv[1..].to_vec(), ctx.env)).await
}

/// `env [-i] [-u NAME] [NAME=VALUE…] [PROG ARGS]`.
pub(crate) async fn env(mut ctx: Ctx) -> i32 {
    let parsed = match Parsed::new(&ctx.argv[1..], "iu:", false) {
        Ok(parsed) => parsed,
        Err(message) => return ctx.fail(&message).await,
    };
    let mut env = if parsed.has('i') { super::Env::new() } else { (*ctx.env).clone() };
    for name in parsed.values('u') {
        env.remove(name);
    }
    let mut rest = parsed.rest.as_slice();
    while let Some((name, value)) = rest.first().and_then(|a| a.split_once('=')) {
        env.insert(name.to_string(), value.to_string());
        rest = &rest[1..];
    }
    if rest.is_empty() {
        for (name, value) in env {
            ctx.put(&format!("{name}={value}\n"));
        }
        return ctx.end(0).await;
    }
    Box::pin(execute(ctx.sys, rest.to_vec(), env.into())).await
}

/// `printenv [NAME…]`.
pub(crate) async fn printenv(mut ctx: Ctx) -> i32 {
    let env = ctx.env.clone();
    let mut status = 0;
    if ctx.argv.len() == 1 {
        for (name, value) in env.iter() {
            ctx.put(&format!("{name}={value}\n"));
        }
    }
    for name in ctx.argv.split_off(1) {
        match env.get(&name) {
            Some(value) => ctx.put(&format!("{value}\n")),
            None => status = 1,
        }
    }
    ctx.end(status).await
}

/// `which NAME…`.
pub(crate) async fn which(mut ctx: Ctx) -> i32 {
    let mut status = 0;
    for name in ctx.argv.split_off(1) {
        match path_of(&ctx.sys, &name).await {
            Some(path) => ctx.put(&format!("{path}\n")),
            None => status = 1,
        }
    }
    ctx.end(status).await
}

/// Runs a command in a child and gives its status as a shell would.
async fn run_child(ctx: &Ctx, argv: Vec<String>) -> i32 {
    let env = ctx.env.clone();
    let forked = ctx.sys.fork(Box::new(move |sys| Box::pin(execute(sys, argv, env)))).await;
    let Ok(pid) = forked else { return 126 };
    loop {
        match ctx.sys.wait(WaitFor::Pid(pid), false, None).await {
            Ok(Some((_, WaitStatus::Exited(code)))) => return code,
            Ok(Some((_, WaitStatus::Signaled(signal)))) => return 128 + signal,
            Ok(None) | Err(Errno::EINTR) => {}
            Err(_) => return 126,
        }
    }
}

/// `xargs [-n N] [-I STR] [-r] [-0] [-t] [PROG ARGS]`.
pub(crate) async fn xargs(mut ctx: Ctx) -> i32 {
    let parsed = match Parsed::new(&ctx.argv[1..], "n:I:r0tP:", false) {
        Ok(parsed) => parsed,
        Err(message) => return ctx.fail(&message).await,
    };
    let most = match parsed.value('n').map(str::parse::<usize>) {
        None => usize::MAX,
        Some(Ok(n)) if n > 0 => n,
        _ => return ctx.fail("invalid number").await,
    };
    let base = if parsed.rest.is_empty() { vec!["echo".to_string()] } else { parsed.rest.clone() };
    let input = match ctx.sys.read_to_end(0).await {
        Ok(bytes) => text::decode(&bytes),
        Err(e) => return ctx.fail(&format!("stdin: {e}")).await,
    };
    let items: Vec<String> = if parsed.has('0') {
        input.split('\0').filter(|s| !s.is_empty()).map(str::to_string).collect()
    } else if parsed.has('I') {
        input.lines().map(|l| l.trim_start().to_string()).filter(|l| !l.is_empty()).collect()
    } else {
        match split_words(&input) {
            Ok(items) => items,
            Err(message) => return ctx.fail(message).await,
        }
    };
    let mut runs: Vec<Vec<String>> = Vec::new();
    if let Some(token) = parsed.value('I') {
        for item in items {
            runs.push(base.iter().map(|word| word.replace(token, &item)).collect());
        }
    } else if items.is_empty() {
        if !parsed.has('r') {
            runs.push(base);
        }
    } else {
        for chunk in items.chunks(most.min(items.len())) {
            runs.push(base.iter().chain(chunk).cloned().collect());
        }
    }
    let mut status = 0;
    for argv in runs {
        if parsed.has('t') {
            ctx.warn(&format!("{}\n", argv.join(" "))).await;
        }
        match run_child(&ctx, argv).await {
            0 => {}
            255 => return 124,
            code @ (126 | 127) => return code,
            _ => status = 123,
        }
    }
    status
}

/// Words of xargs' input: blanks separate, quotes and backslashes protect.
fn split_words(input: &str) -> Result<Vec<String>, &'static str> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut chars = input.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some(q) if q == c => break,
                        Some('\n') | None => {
                            return Err(if c == '"' { "unmatched double quote" } else { "unmatched single quote" });
                        }
                        Some(q) => word.push(q),
                    }
                }
            }
            '\\' => {
                if let Some(next) = chars.next() {
                    word.get_or_insert_default().push(next);
                }
            }
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// `watch [-n SECS] [-t] COMMAND`: without a terminal and with no end of its own; the session's limits stop it.
pub(crate) async fn watch(mut ctx: Ctx) -> i32 {
    let parsed = match Parsed::new(&ctx.argv[1..], "n:tde", false) {
        Ok(parsed) => parsed,
        Err(message) => return ctx.fail(&message).await,
    };
    let every = parsed.value('n').map_or(Some(2_000_000_000), seconds);
    let Some(every) = every else {
        return ctx.fail("invalid number").await;
    };
    if parsed.rest.is_empty() {
        ctx.warn("Usage: watch [-n SEC] [-t] PROG ARGS\n").await;
        return 1;
    }
    let argv = vec!["sh".to_string(), "-c".into(), parsed.rest.join(" ")];
    loop {
        run_child(&ctx, argv.clone()).await;
        if snooze(&ctx.sys, every.max(1)).await != 0 {
            return 1;
        }
    }
}
