//! The commands that run in the shell's own process, as in busybox ash.

use std::rc::Rc;

use crate::commands::{self, process, test};
use crate::parse::is_name;
use crate::shell::{Flow, Shell, Stop, Var};
use crate::signals;
use crate::sys::{Errno, SigAction, WaitFor, WaitStatus};
use crate::text;

/// POSIX's special builtins: an error in their redirections ends the script, assignments before them stay.
pub(crate) fn is_special(name: &str) -> bool {
    matches!(
        name,
        ":" | "."
            | "break"
            | "continue"
            | "eval"
            | "exec"
            | "exit"
            | "export"
            | "readonly"
            | "return"
            | "set"
            | "shift"
            | "times"
            | "trap"
            | "unset"
    )
}

/// Whether the shell runs it itself.
pub(crate) fn is_builtin(name: &str) -> bool {
    is_special(name)
        || matches!(
            name,
            "cd" | "command"
                | "echo"
                | "false"
                | "getopts"
                | "hash"
                | "jobs"
                | "kill"
                | "local"
                | "printf"
                | "pwd"
                | "read"
                | "source"
                | "test"
                | "["
                | "true"
                | "type"
                | "umask"
                | "wait"
        )
}

/// Runs one; the words are never empty.
pub(crate) async fn run(shell: &mut Shell, argv: Vec<String>) -> Flow {
    let name = argv[0].clone();
    let args = &argv[1..];
    shell.status = match name.as_str() {
        ":" | "true" | "hash" => 0,
        "false" => 1,
        "break" | "continue" => {
            let n = match args.first().map(|a| a.parse::<u32>()) {
                None => 1,
                Some(Ok(n)) if n > 0 => n,
                _ => {
                    return Err(shell.fatal(&format!("{name}: Illegal number: {}", args[0])).await);
                }
            };
            if shell.loops == 0 {
                shell.status = 0;
                return Ok(());
            }
            shell.status = 0;
            let n = n.min(shell.loops);
            return Err(if name == "break" { Stop::Break(n) } else { Stop::Continue(n) });
        }
        "return" | "exit" => {
            if let Some(text) = args.first() {
                match text.parse::<i64>() {
                    Ok(code) => shell.status = (code & 0xff) as i32,
                    Err(_) => {
                        return Err(shell.fatal(&format!("{name}: Illegal number: {text}")).await);
                    }
                }
            }
            shell.exiting = name == "exit";
            return Err(if name == "exit" { Stop::Exit } else { Stop::Return });
        }
        "shift" => {
            let n = match args.first() {
                None => 1,
                Some(text) => match text.parse::<usize>() {
                    Ok(n) => n,
                    Err(_) => {
                        return Err(shell.fatal(&format!("shift: Illegal number: {text}")).await);
                    }
                },
            };
            if n > shell.args.len() {
                1
            } else {
                let rest = shell.args[n..].to_vec();
                shell.args = Rc::new(rest);
                0
            }
        }
        "eval" => {
            shell.status = 0;
            let text = args.join(" ");
            return shell.run_text(&text).await;
        }
        "." | "source" => return source(shell, args).await,
        "export" | "readonly" => export(shell, &name, args).await?,
        "local" => local(shell, args).await?,
        "unset" => unset(shell, args).await,
        "set" => set(shell, args).await?,
        "trap" => trap(shell, args).await,
        "cd" => cd(shell, args).await,
        "pwd" => {
            let path = shell.sys.getcwd().await.unwrap_or_else(|_| "/".into());
            print(shell, &format!("{path}\n")).await
        }
        "read" => read(shell, args).await,
        "wait" => wait(shell, args).await,
        "jobs" => jobs(shell).await,
        "kill" => process::kill_builtin(shell, args).await,
        "command" | "type" => return command(shell, &name, args).await,
        "times" => print(shell, "0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n").await,
        "umask" => {
            if args.is_empty() {
                print(shell, "0022\n").await
            } else {
                0
            }
        }
        "getopts" => getopts(shell, args).await,
        "test" | "[" => test::run(&shell.sys.clone(), &argv).await,
        // echo and printf are the commands of that name.
        _ => shell.run_in_process(argv).await,
    };
    Ok(())
}

async fn print(shell: &Shell, text: &str) -> i32 {
    i32::from(shell.sys.write_all(1, &text::encode(text)).await.is_err())
}

async fn source(shell: &mut Shell, args: &[String]) -> Flow {
    let Some(path) = args.first() else {
        shell.complain(".: filename argument required").await;
        shell.status = 2;
        return Ok(());
    };
    match shell.sys.read_file(path).await {
        Ok(bytes) => {
            shell.status = 0;
            match shell.run_text(&text::decode(&bytes)).await {
                Err(Stop::Return) => Ok(()),
                flow => flow,
            }
        }
        Err(e) => {
            let reason = if e == Errno::ENOENT { "file not found".to_string() } else { e.to_string() };
            Err(shell.fatal(&format!(".: can't open '{path}': {reason}")).await)
        }
    }
}

/// `'…'` with quotes inside closed and escaped.
pub(crate) fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

async fn export(shell: &mut Shell, name: &str, args: &[String]) -> Result<i32, Stop> {
    let exporting = name == "export";
    let args: Vec<&String> = args.iter().filter(|a| *a != "-p").collect();
    if args.is_empty() {
        let mut out = String::new();
        for (key, var) in shell.vars() {
            if if exporting { var.exported } else { var.readonly } {
                out.push_str(name);
                out.push(' ');
                out.push_str(key);
                if let Some(value) = &var.value {
                    out.push('=');
                    out.push_str(&single_quoted(value));
                }
                out.push('\n');
            }
        }
        return Ok(print(shell, &out).await);
    }
    for arg in args {
        if exporting && arg == "-n" {
            continue;
        }
        let (key, value) = match arg.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (arg.as_str(), None),
        };
        if !is_name(key) {
            return Err(shell.fatal(&format!("{name}: {key}: bad variable name")).await);
        }
        if let Some(value) = value
            && let Err(message) = shell.set_var(key, value.to_string())
        {
            return Err(shell.fatal(&message).await);
        }
        shell.flag_var(key, exporting, !exporting);
    }
    Ok(0)
}

async fn local(shell: &mut Shell, args: &[String]) -> Result<i32, Stop> {
    for arg in args {
        let (key, value) = match arg.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (arg.as_str(), None),
        };
        if !is_name(key) {
            return Err(shell.fatal(&format!("local: {key}: bad variable name")).await);
        }
        let old = shell.vars().get(key).cloned();
        let Some(frame) = shell.locals.last_mut() else {
            return Err(shell.fatal("local: not in a function").await);
        };
        if !frame.iter().any(|(name, _)| name == key) {
            frame.push((key.to_string(), old.clone()));
        }
        match value {
            Some(value) => {
                if let Err(message) = shell.set_var(key, value.to_string()) {
                    return Err(shell.fatal(&message).await);
                }
            }
            None => {
                let exported = old.is_some_and(|v| v.exported);
                shell.put_var(key, Some(Var { value: None, exported, readonly: false }));
            }
        }
    }
    Ok(0)
}

async fn unset(shell: &mut Shell, args: &[String]) -> i32 {
    let (mut functions, mut status) = (false, 0);
    for arg in args {
        match arg.as_str() {
            "-f" => functions = true,
            "-v" => functions = false,
            name if functions => {
                shell.functions.remove(name);
            }
            name => {
                if let Err(message) = shell.unset_var(name) {
                    shell.complain(&format!("unset: {message}")).await;
                    status = 2;
                }
            }
        }
    }
    status
}

async fn set(shell: &mut Shell, args: &[String]) -> Result<i32, Stop> {
    if args.is_empty() {
        let mut out = String::new();
        for (key, var) in shell.vars() {
            if let Some(value) = &var.value {
                out.push_str(&format!("{key}={}\n", single_quoted(value)));
            }
        }
        return Ok(print(shell, &out).await);
    }
    let mut i = 0;
    while i < args.len() {
        let arg = args[i].as_str();
        i += 1;
        if arg == "--" {
            shell.args = Rc::new(args[i..].to_vec());
            return Ok(0);
        }
        let on = match arg.chars().next() {
            Some('-') => true,
            Some('+') => false,
            _ => {
                shell.args = Rc::new(args[i - 1..].to_vec());
                return Ok(0);
            }
        };
        for letter in arg.chars().skip(1) {
            if letter == 'o' {
                let name = args.get(i).cloned().unwrap_or_default();
                i += 1;
                match shell.options.by_name(&name) {
                    Some(flag) => *flag = on,
                    None => {
                        return Err(shell.fatal(&format!("set: illegal option {arg} {name}")).await);
                    }
                }
                continue;
            }
            match shell.options.by_letter(letter) {
                Some(flag) => *flag = on,
                // Options that change nothing without a terminal.
                None if "abhmvC".contains(letter) => {}
                None => return Err(shell.fatal(&format!("set: illegal option -{letter}")).await),
            }
        }
    }
    Ok(0)
}

async fn trap(shell: &mut Shell, args: &[String]) -> i32 {
    let args = if args.first().is_some_and(|a| a == "--") { &args[1..] } else { args };
    if args.is_empty() {
        let mut out = String::new();
        for (&signal, action) in &shell.traps {
            let name = if signal == 0 { "EXIT".to_string() } else { signals::name(signal) };
            out.push_str(&format!("trap -- {} {name}\n", single_quoted(action)));
        }
        return print(shell, &out).await;
    }
    // With one word, or a number first, the signals go back to their defaults.
    let reset = args.len() == 1 || args[0] == "-" || args[0].parse::<u32>().is_ok();
    let first = usize::from(args.len() > 1 && args[0].parse::<u32>().is_err());
    let mut status = 0;
    for text in &args[first..] {
        let Some(signal) = signals::parse(text) else {
            shell.complain(&format!("trap: {text}: invalid signal specification")).await;
            status = 1;
            continue;
        };
        let action = if reset {
            shell.traps.remove(&signal);
            SigAction::Default
        } else {
            shell.traps.insert(signal, args[0].clone());
            if args[0].is_empty() { SigAction::Ignore } else { SigAction::Catch }
        };
        if signal != 0 {
            // KILL and STOP cannot be caught; ash does not mind.
            let _ = shell.sys.sigaction(signal, action).await;
        }
    }
    status
}

async fn cd(shell: &mut Shell, args: &[String]) -> i32 {
    let args: Vec<&String> = args.iter().filter(|a| !matches!(a.as_str(), "-L" | "-P" | "--")).collect();
    let (target, show) = match args.first().map(|a| a.as_str()) {
        None => (shell.var("HOME").unwrap_or("/").to_string(), false),
        Some("-") => (shell.var("OLDPWD").unwrap_or("/").to_string(), true),
        Some(path) => (path.to_string(), false),
    };
    let old = shell.sys.getcwd().await.unwrap_or_else(|_| "/".into());
    if let Err(e) = shell.sys.chdir(&target).await {
        shell.complain(&format!("cd: can't cd to {target}: {e}")).await;
        return 1;
    }
    let new = shell.sys.getcwd().await.unwrap_or_else(|_| target.clone());
    if show {
        print(shell, &format!("{new}\n")).await;
    }
    let _ = shell.set_var("OLDPWD", old);
    let _ = shell.set_var("PWD", new);
    0
}

async fn read(shell: &mut Shell, args: &[String]) -> i32 {
    let (mut raw, mut prompt, mut names, mut limit, mut timeout) = (false, String::new(), Vec::new(), None, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-r" => raw = true,
            "-s" => {}
            "-p" => prompt = args.next().cloned().unwrap_or_default(),
            "-n" => limit = args.next().and_then(|n| n.parse::<usize>().ok()),
            "-t" => timeout = args.next().and_then(|t| commands::seconds(t)),
            _ => names.push(arg.clone()),
        }
    }
    if !prompt.is_empty() {
        let _ = shell.sys.write_all(2, &text::encode(&prompt)).await;
    }
    let mut bytes = Vec::new();
    // Which bytes a backslash protects from splitting.
    let mut protected = Vec::new();
    let (mut escaped, mut complete) = (false, false);
    if let Some(ns) = timeout {
        let fds = vec![crate::sys::PollFd { fd: 0, events: crate::sys::flags::POLLIN }];
        if shell.sys.poll(fds, Some(ns)).await.is_ok_and(|ready| ready.is_empty()) {
            return 1;
        }
    }
    loop {
        let byte = match shell.sys.read(0, 1).await {
            Ok(b) if b.is_empty() => break,
            Ok(b) => b[0],
            Err(Errno::EINTR) if shell.traps.is_empty() => continue,
            Err(_) => break,
        };
        if escaped {
            escaped = false;
            if byte != b'\n' {
                bytes.push(byte);
                protected.push(true);
            }
            continue;
        }
        if byte == b'\\' && !raw {
            escaped = true;
            continue;
        }
        if byte == b'\n' {
            complete = true;
            break;
        }
        if byte != 0 {
            bytes.push(byte);
            protected.push(false);
        }
        if limit.is_some_and(|n| bytes.len() >= n) {
            complete = true;
            break;
        }
    }
    let ifs = text::encode(shell.var("IFS").unwrap_or(" \t\n"));
    let is_ifs = |i: usize| ifs.contains(&bytes[i]) && !protected[i];
    let is_white = |i: usize| is_ifs(i) && matches!(bytes[i], b' ' | b'\t' | b'\n');
    if names.is_empty() {
        names.push("REPLY".into());
    }
    let mut pos = 0;
    for (n, name) in names.iter().enumerate() {
        while pos < bytes.len() && is_white(pos) {
            pos += 1;
        }
        let start = pos;
        let mut end;
        if n + 1 == names.len() {
            end = bytes.len();
            while end > start && is_white(end - 1) {
                end -= 1;
            }
            // One separator that ends the only field left goes with it.
            if end > start && is_ifs(end - 1) && !(start..end - 1).any(is_ifs) {
                end -= 1;
                while end > start && is_white(end - 1) {
                    end -= 1;
                }
            }
        } else {
            while pos < bytes.len() && !is_ifs(pos) {
                pos += 1;
            }
            end = pos;
            while pos < bytes.len() && is_white(pos) {
                pos += 1;
            }
            if pos < bytes.len() && is_ifs(pos) && (pos == end || !is_white(pos)) {
                pos += 1;
            }
        }
        if !is_name(name) {
            shell.complain(&format!("read: {name}: bad variable name")).await;
            return 2;
        }
        if let Err(message) = shell.set_var(name, text::decode(&bytes[start..end])) {
            shell.complain(&message).await;
            return 2;
        }
    }
    i32::from(!complete)
}

fn code(status: WaitStatus) -> i32 {
    match status {
        WaitStatus::Exited(code) => code & 0xff,
        WaitStatus::Signaled(signal) => 128 + signal,
    }
}

/// The pid a job number (`%1`, `%%`, `%+`) stands for.
pub(crate) fn job_pid(shell: &Shell, text: &str) -> Option<i32> {
    let spec = text.strip_prefix('%')?;
    let job = match spec {
        "" | "%" | "+" => shell.jobs.last()?,
        "-" => shell.jobs.iter().rev().nth(1)?,
        _ => shell.jobs.iter().find(|j| Ok(j.id) == spec.parse() || j.text.starts_with(spec))?,
    };
    job.pids.last().map(|(pid, _)| *pid)
}

/// Waits for one of our jobs; `None` when a trapped signal came first.
async fn wait_pid(shell: &mut Shell, pid: i32) -> Option<i32> {
    for job in &shell.jobs {
        if let Some((_, Some(status))) = job.pids.iter().find(|(p, _)| *p == pid) {
            let status = code(*status);
            shell.jobs.retain(|j| !j.pids.iter().any(|(p, _)| *p == pid));
            return Some(status);
        }
    }
    loop {
        match shell.sys.wait(WaitFor::Pid(pid), false, None).await {
            Ok(Some((_, status))) => {
                shell.jobs.retain(|j| !j.pids.iter().any(|(p, _)| *p == pid));
                shell.report_signal(status).await;
                return Some(code(status));
            }
            Ok(None) => {}
            Err(Errno::EINTR) if shell.traps.keys().any(|&s| s != 0) => return None,
            Err(Errno::EINTR) => {}
            Err(_) => return Some(127),
        }
    }
}

async fn wait(shell: &mut Shell, args: &[String]) -> i32 {
    let mut status = 0;
    if args.is_empty() {
        let pids: Vec<i32> = shell.jobs.iter().flat_map(|j| &j.pids).map(|(pid, _)| *pid).collect();
        for pid in pids {
            if wait_pid(shell, pid).await.is_none() {
                return 128 + signals::SIGTERM;
            }
        }
        return 0;
    }
    for arg in args {
        let pid = if arg.starts_with('%') { job_pid(shell, arg) } else { arg.parse().ok() };
        let Some(pid) = pid else {
            if arg.starts_with('%') {
                shell.complain(&format!("wait: {arg}: no such job")).await;
            } else {
                shell.complain(&format!("wait: Illegal number: {arg}")).await;
            }
            status = 2;
            continue;
        };
        status = wait_pid(shell, pid).await.unwrap_or(128 + signals::SIGTERM);
    }
    status
}

async fn jobs(shell: &mut Shell) -> i32 {
    for i in 0..shell.jobs.len() {
        for k in 0..shell.jobs[i].pids.len() {
            let (pid, ended) = shell.jobs[i].pids[k];
            if ended.is_none()
                && let Ok(Some((_, status))) = shell.sys.wait(WaitFor::Pid(pid), true, None).await
            {
                shell.jobs[i].pids[k].1 = Some(status);
            }
        }
    }
    let mut out = String::new();
    let count = shell.jobs.len();
    for (i, job) in shell.jobs.iter().enumerate() {
        let mark = match count - i {
            1 => '+',
            2 => '-',
            _ => ' ',
        };
        let state = match job.pids.last().and_then(|(_, s)| *s) {
            None => "Running".to_string(),
            Some(WaitStatus::Exited(0)) => "Done".to_string(),
            Some(WaitStatus::Exited(code)) => format!("Done({code})"),
            Some(WaitStatus::Signaled(signal)) => signals::describe(signal),
        };
        out.push_str(&format!("[{}]{mark} {state:24}   {}\n", job.id, job.text));
    }
    shell.jobs.retain(|j| j.pids.iter().any(|(_, s)| s.is_none()));
    print(shell, &out).await
}

async fn command(shell: &mut Shell, name: &str, args: &[String]) -> Flow {
    let (mut terse, mut verbose, mut rest) = (false, name == "type", args);
    if name == "command" {
        let options = rest.iter().take_while(|a| matches!(a.as_str(), "-v" | "-V" | "-p")).count();
        terse = rest[..options].iter().any(|a| a == "-v");
        verbose = rest[..options].iter().any(|a| a == "-V");
        rest = &rest[options..];
    }
    if !terse && !verbose {
        shell.status = 0;
        if rest.is_empty() {
            return Ok(());
        }
        // The command runs as if it were no function.
        return Box::pin(shell.dispatch(rest.to_vec(), Vec::new(), Vec::new(), false, false)).await;
    }
    let mut status = 0;
    // `command -v` looks at one word only.
    for word in if name == "command" { &rest[..rest.len().min(1)] } else { rest } {
        let line = if is_keyword(word) {
            if terse { word.clone() } else { format!("{word} is a shell keyword") }
        } else if shell.functions.contains_key(word) {
            if terse { word.clone() } else { format!("{word} is a shell function") }
        } else if is_builtin(word) {
            let kind = if is_special(word) { "special shell builtin" } else { "shell builtin" };
            if terse { word.clone() } else { format!("{word} is a {kind}") }
        } else if let Some(path) = commands::path_of(&shell.sys, word).await {
            if terse { path } else { format!("{word} is {path}") }
        } else {
            if verbose {
                shell.complain(&format!("{word}: not found")).await;
            }
            status = 127;
            continue;
        };
        print(shell, &format!("{line}\n")).await;
    }
    shell.status = status;
    Ok(())
}

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "!" | "{"
            | "}"
            | "case"
            | "do"
            | "done"
            | "elif"
            | "else"
            | "esac"
            | "fi"
            | "for"
            | "if"
            | "in"
            | "then"
            | "until"
            | "while"
    )
}

async fn getopts(shell: &mut Shell, args: &[String]) -> i32 {
    let [options, name, rest @ ..] = args else {
        shell.complain("getopts: usage: getopts optstring var [arg]").await;
        return 2;
    };
    let words: Vec<String> = if rest.is_empty() { shell.args.to_vec() } else { rest.to_vec() };
    let mut index: usize = shell.var("OPTIND").and_then(|v| v.parse().ok()).unwrap_or(1);
    let mut offset: usize = shell.var("_OPTOFF").and_then(|v| v.parse().ok()).unwrap_or(1);
    let quiet = options.starts_with(':');
    let word = words.get(index.saturating_sub(1)).cloned().unwrap_or_default();
    let letters: Vec<char> = word.chars().collect();
    if offset == 1 && (letters.len() < 2 || letters[0] != '-' || word == "--") {
        if word == "--" {
            index += 1;
        }
        let _ = shell.set_var("OPTIND", index.to_string());
        let _ = shell.set_var(name, "?".into());
        return 1;
    }
    let letter = letters.get(offset).copied().unwrap_or('?');
    offset += 1;
    let takes = options.find(letter).map(|i| options[i + letter.len_utf8()..].starts_with(':'));
    let mut argument = None;
    let mut result = letter;
    if takes == Some(true) {
        if offset < letters.len() {
            argument = Some(letters[offset..].iter().collect());
        } else if let Some(next) = words.get(index) {
            argument = Some(next.clone());
            index += 1;
        } else {
            result = if quiet { ':' } else { '?' };
            if quiet {
                argument = Some(letter.to_string());
            } else {
                shell.complain(&format!("No arg for -{letter} option")).await;
            }
        }
        offset = letters.len();
    } else if takes.is_none() || letter == ':' {
        result = '?';
        if quiet {
            argument = Some(letter.to_string());
        } else {
            shell.complain(&format!("Illegal option -{letter}")).await;
        }
    }
    if offset >= letters.len() {
        index += 1;
        offset = 1;
    }
    let _ = shell.set_var("OPTIND", index.to_string());
    let _ = shell.set_var("_OPTOFF", offset.to_string());
    let _ = shell.set_var(name, result.to_string());
    match argument {
        Some(argument) => {
            let _ = shell.set_var("OPTARG", argument);
        }
        None => {
            let _ = shell.unset_var("OPTARG");
        }
    }
    0
}
