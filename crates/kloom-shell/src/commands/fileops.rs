//! Files and directories.

use super::{Ctx, Parsed, base_name, options};
use crate::pattern::Pattern;
use crate::sys::{Errno, FileKind, Stat, Sys, Syscall, flags};
use crate::text;

fn join(dir: &str, name: &str) -> String {
    if dir.ends_with('/') { format!("{dir}{name}") } else { format!("{dir}/{name}") }
}

fn letter(kind: FileKind) -> char {
    match kind {
        FileKind::File => '-',
        FileKind::Dir => 'd',
        FileKind::Chr => 'c',
        FileKind::Blk => 'b',
        FileKind::Fifo => 'p',
        FileKind::Link => 'l',
    }
}

fn mode_text(stat: &Stat) -> String {
    let mut out = String::from(letter(stat.kind));
    for shift in [6, 3, 0] {
        for (bit, c) in [(4, 'r'), (2, 'w'), (1, 'x')] {
            out.push(if stat.mode >> shift & bit != 0 { c } else { '-' });
        }
    }
    out
}

/// `ls [-l] [-a] [-A] [-1] [-d] [-i] [-r] [-t] [-S] [-R] [-F] [-p] [-h] [-n] [PATH…]`.
pub(crate) async fn ls(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "laA1dirtSRFphnCxsLgow");
    let long = parsed.has('l') || parsed.has('n') || parsed.has('g');
    let paths = if parsed.rest.is_empty() { vec![".".to_string()] } else { parsed.rest.clone() };
    let mut status = 0;
    let (mut plain, mut dirs) = (Vec::new(), Vec::new());
    for path in &paths {
        match ctx.sys.stat(path).await {
            Ok(stat) if stat.kind == FileKind::Dir && !parsed.has('d') => dirs.push(path.clone()),
            Ok(stat) => plain.push((path.clone(), stat)),
            Err(e) => status = ctx.fail(&format!("{path}: {e}")).await,
        }
    }
    let titles = paths.len() > 1 || parsed.has('R');
    if !plain.is_empty() {
        list(&mut ctx, plain, &parsed, long, false).await;
        if !dirs.is_empty() {
            ctx.put("\n");
        }
    }
    let mut first = true;
    let mut queue: std::collections::VecDeque<String> = dirs.into();
    while let Some(dir) = queue.pop_front() {
        let entries = match ctx.sys.readdir(&dir).await {
            Ok(entries) => entries,
            Err(e) => {
                status = ctx.fail(&format!("can't open '{dir}': {e}")).await;
                continue;
            }
        };
        if titles {
            ctx.put(&format!("{}{dir}:\n", if first { "" } else { "\n" }));
        }
        first = false;
        let mut items = Vec::new();
        if parsed.has('a') {
            for name in [".", ".."] {
                if let Ok(stat) = ctx.sys.stat(&join(&dir, name)).await {
                    items.push((name.to_string(), stat));
                }
            }
        }
        let mut below = Vec::new();
        for entry in entries {
            if entry.name.starts_with('.') && !parsed.has('a') && !parsed.has('A') {
                continue;
            }
            let path = join(&dir, &entry.name);
            let mut stat = ctx.sys.stat(&path).await.unwrap_or(Stat {
                kind: entry.kind,
                size: 0,
                mode: 0o777,
                rdev: (0, 0),
                ino: entry.ino,
                nlink: 1,
                mtime_ns: 0,
            });
            if entry.kind == FileKind::Link {
                stat.kind = FileKind::Link;
            }
            if entry.kind == FileKind::Dir {
                below.push(path);
            }
            items.push((entry.name, stat));
        }
        if long {
            ctx.put("total 0\n");
        }
        list(&mut ctx, items, &parsed, long, true).await;
        if parsed.has('R') {
            below.sort();
            for path in below.into_iter().rev() {
                queue.push_front(path);
            }
        }
        if !ctx.drain().await {
            break;
        }
    }
    ctx.end(status).await
}

async fn list(ctx: &mut Ctx, mut items: Vec<(String, Stat)>, parsed: &Parsed, long: bool, _in_dir: bool) {
    items.sort_by(|a, b| a.0.cmp(&b.0));
    if parsed.has('t') {
        items.sort_by_key(|item| std::cmp::Reverse(item.1.mtime_ns));
    } else if parsed.has('S') {
        items.sort_by_key(|item| std::cmp::Reverse(item.1.size));
    }
    if parsed.has('r') {
        items.reverse();
    }
    for (name, stat) in items {
        let mut line = String::new();
        if parsed.has('i') {
            line.push_str(&format!("{:>7} ", stat.ino));
        }
        if long {
            let size = match stat.kind {
                FileKind::Chr | FileKind::Blk => format!("{:>4}, {:>3}", stat.rdev.0, stat.rdev.1),
                _ => format!("{:>9}", stat.size),
            };
            let owner = if parsed.has('n') { "0        0       " } else { "root     root    " };
            let date = super::sysinfo::format_date(stat.mtime_ns / 1_000_000_000, "%b %e %H:%M");
            line.push_str(&format!("{} {:>4} {owner} {size} {date} ", mode_text(&stat), stat.nlink));
        }
        line.push_str(&name);
        if parsed.has('F') || parsed.has('p') {
            match stat.kind {
                FileKind::Dir => line.push('/'),
                FileKind::Fifo if parsed.has('F') => line.push('|'),
                FileKind::File if parsed.has('F') && stat.mode & 0o111 != 0 => line.push('*'),
                _ => {}
            }
        }
        line.push('\n');
        ctx.put(&line);
    }
}

/// An octal mode, or symbolic changes to `old`.
fn parse_mode(text: &str, old: u32) -> Option<u32> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return u32::from_str_radix(text, 8).ok().filter(|m| *m <= 0o7777);
    }
    let mut mode = old;
    for clause in text.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let who: u32 = clause[..at].chars().try_fold(0, |mask, c| {
            Some(
                mask | match c {
                    'u' => 0o700,
                    'g' => 0o070,
                    'o' => 0o007,
                    'a' => 0o777,
                    _ => return None,
                },
            )
        })?;
        let who = if who == 0 { 0o777 } else { who };
        let bits = clause[at + 1..].chars().try_fold(0, |bits, c| {
            Some(
                bits | match c {
                    'r' => 0o444,
                    'w' => 0o222,
                    'x' | 'X' => 0o111,
                    's' | 't' => 0,
                    _ => return None,
                },
            )
        })?;
        match &clause[at..=at] {
            "+" => mode |= bits & who,
            "-" => mode &= !(bits & who),
            _ => mode = mode & !who | bits & who,
        }
    }
    Some(mode)
}

/// `mkdir [-p] [-m MODE] DIR…`.
pub(crate) async fn mkdir(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "pm:v");
    let Some(mode) = parsed.value('m').map_or(Some(0o755), |m| parse_mode(m, 0o777)) else {
        return ctx.fail("invalid mode").await;
    };
    let mut status = 0;
    for path in &parsed.rest {
        let mut steps = vec![path.clone()];
        if parsed.has('p') {
            steps = path.match_indices('/').filter(|(i, _)| *i > 0).map(|(i, _)| path[..i].to_string()).collect();
            steps.push(path.clone());
        }
        for step in steps {
            match ctx.sys.unit(Syscall::Mkdir { path: step.clone(), mode }).await {
                Ok(()) => {}
                Err(Errno::EEXIST) if parsed.has('p') => {}
                Err(e) => {
                    status = ctx.fail(&format!("can't create directory '{step}': {e}")).await;
                    break;
                }
            }
        }
    }
    ctx.end(status).await
}

/// `rmdir [-p] DIR…`.
pub(crate) async fn rmdir(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "p");
    let mut status = 0;
    for path in &parsed.rest {
        if let Err(e) = ctx.sys.unit(Syscall::Rmdir { path: path.clone() }).await {
            status = ctx.fail(&format!("'{path}': {e}")).await;
        }
    }
    status
}

/// Every file and directory below (and with) the paths: directories after what is in them.
async fn tree(sys: &Sys, roots: &[String]) -> Vec<(String, FileKind)> {
    let mut found = Vec::new();
    let mut stack: Vec<String> = roots.iter().rev().cloned().collect();
    while let Some(path) = stack.pop() {
        let Ok(stat) = sys.stat(&path).await else {
            continue;
        };
        found.push((path.clone(), stat.kind));
        if stat.kind == FileKind::Dir && found.len() < 1_000_000 {
            let mut entries = sys.readdir(&path).await.unwrap_or_default();
            entries.sort_by(|a, b| b.name.cmp(&a.name));
            stack.extend(entries.iter().filter(|e| e.kind != FileKind::Link).map(|e| join(&path, &e.name)));
        }
    }
    found
}

/// The regular files below some paths, for `grep -r`.
pub(super) async fn tree_files(sys: &Sys, roots: Vec<String>) -> Vec<String> {
    tree(sys, &roots).await.into_iter().filter(|(_, k)| *k != FileKind::Dir).map(|(p, _)| p).collect()
}

/// `rm [-r] [-f] PATH…`.
pub(crate) async fn rm(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "rRfiv");
    let recursive = parsed.has('r') || parsed.has('R');
    let mut status = 0;
    for path in &parsed.rest {
        let kind = match ctx.sys.stat(path).await {
            Ok(stat) => stat.kind,
            Err(Errno::ENOENT) if parsed.has('f') => continue,
            Err(e) => {
                status = ctx.fail(&format!("can't remove '{path}': {e}")).await;
                continue;
            }
        };
        if kind == FileKind::Dir && !recursive {
            status = ctx.fail(&format!("'{path}' is a directory")).await;
            continue;
        }
        let all = if kind == FileKind::Dir {
            tree(&ctx.sys, std::slice::from_ref(path)).await
        } else {
            vec![(path.clone(), kind)]
        };
        for (path, kind) in all.into_iter().rev() {
            let call = match kind {
                FileKind::Dir => Syscall::Rmdir { path: path.clone() },
                _ => Syscall::Unlink { path: path.clone() },
            };
            if let Err(e) = ctx.sys.unit(call).await {
                status = ctx.fail(&format!("can't remove '{path}': {e}")).await;
            }
        }
    }
    status
}

/// `touch [-c] FILE…`: creates; times are not changed.
pub(crate) async fn touch(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "cad:r:t:mh");
    let mut status = 0;
    for path in &parsed.rest {
        if ctx.sys.stat(path).await.is_ok() || parsed.has('c') {
            continue;
        }
        match ctx.sys.open(path, flags::O_WRONLY | flags::O_CREAT, 0o644).await {
            Ok(fd) => {
                let _ = ctx.sys.close(fd).await;
            }
            Err(e) => status = ctx.fail(&format!("{path}: {e}")).await,
        }
    }
    status
}

async fn copy_file(sys: &Sys, from: &str, to: &str) -> Result<(), (String, Errno)> {
    let stat = sys.stat(from).await.map_err(|e| (format!("can't stat '{from}'"), e))?;
    let bytes = sys.read_file(from).await.map_err(|e| (format!("can't open '{from}'"), e))?;
    let how = flags::O_WRONLY | flags::O_CREAT | flags::O_TRUNC;
    let fd = sys.open(to, how, stat.mode & 0o777).await.map_err(|e| (format!("can't create '{to}'"), e))?;
    let written = sys.write_all(fd, &bytes).await;
    sys.close(fd).await.and(written).map_err(|e| ("write error".to_string(), e))
}

/// Where each source goes: into a directory under its own name, or to the one target.
async fn targets(ctx: &mut Ctx, parsed: &Parsed) -> Option<Vec<(String, String)>> {
    let [sources @ .., target] = parsed.rest.as_slice() else {
        ctx.fail("missing file operand").await;
        return None;
    };
    if sources.is_empty() {
        ctx.fail("missing destination file operand").await;
        return None;
    }
    let is_dir = ctx.sys.stat(target).await.is_ok_and(|s| s.kind == FileKind::Dir);
    if sources.len() > 1 && !is_dir {
        ctx.fail(&format!("target '{target}' is not a directory")).await;
        return None;
    }
    let place = |source: &String| {
        if is_dir { join(target, base_name(source)) } else { target.clone() }
    };
    Some(sources.iter().map(|s| (s.clone(), place(s))).collect())
}

/// `cp [-r] [-a] SOURCE… TARGET`.
pub(crate) async fn cp(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "raRfpidvuT");
    let Some(pairs) = targets(&mut ctx, &parsed).await else {
        return 1;
    };
    let recursive = ['r', 'R', 'a'].iter().any(|l| parsed.has(*l));
    let mut status = 0;
    for (from, to) in pairs {
        let is_dir = ctx.sys.stat(&from).await.is_ok_and(|s| s.kind == FileKind::Dir);
        if is_dir && !recursive {
            status = ctx.fail(&format!("omitting directory '{from}'")).await;
            continue;
        }
        let sources = if is_dir {
            tree(&ctx.sys, std::slice::from_ref(&from)).await
        } else {
            vec![(from.clone(), FileKind::File)]
        };
        for (path, kind) in sources {
            let below = path.strip_prefix(from.as_str()).unwrap_or_default().trim_start_matches('/');
            let place = if below.is_empty() { to.clone() } else { join(&to, below) };
            let result = if kind == FileKind::Dir {
                match ctx.sys.unit(Syscall::Mkdir { path: place.clone(), mode: 0o755 }).await {
                    Err(e) if e != Errno::EEXIST => Err((format!("can't create directory '{place}'"), e)),
                    _ => Ok(()),
                }
            } else {
                copy_file(&ctx.sys, &path, &place).await
            };
            if let Err((what, e)) = result {
                status = ctx.fail(&format!("{what}: {e}")).await;
            }
        }
    }
    status
}

/// `mv [-f] SOURCE… TARGET`.
pub(crate) async fn mv(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "finv");
    let Some(pairs) = targets(&mut ctx, &parsed).await else {
        return 1;
    };
    let mut status = 0;
    for (from, to) in pairs {
        if let Err(e) = ctx.sys.unit(Syscall::Rename { from: from.clone(), to }).await {
            status = ctx.fail(&format!("can't rename '{from}': {e}")).await;
        }
    }
    status
}

/// `chmod [-R] MODE FILE…`.
pub(crate) async fn chmod(mut ctx: Ctx) -> i32 {
    // A mode may start with a minus.
    let mut args = ctx.argv[1..].to_vec();
    let recursive = args.first().is_some_and(|a| a == "-R");
    if recursive {
        args.remove(0);
    }
    let [mode, files @ ..] = args.as_slice() else {
        ctx.warn("Usage: chmod [-R] MODE[,MODE]... FILE...\n").await;
        return 1;
    };
    let files: Vec<String> =
        if recursive { tree(&ctx.sys, files).await.into_iter().map(|(p, _)| p).collect() } else { files.to_vec() };
    let mut status = 0;
    for path in files {
        let result = match ctx.sys.stat(&path).await {
            Ok(stat) => match parse_mode(mode, stat.mode) {
                Some(mode) => ctx.sys.unit(Syscall::Chmod { path: path.clone(), mode }).await,
                None => return ctx.fail(&format!("invalid mode '{mode}'")).await,
            },
            Err(e) => Err(e),
        };
        if let Err(e) = result {
            status = ctx.fail(&format!("{path}: {e}")).await;
        }
    }
    status
}

/// `mknod [-m MODE] NAME b|c|p [MAJOR MINOR]`.
pub(crate) async fn mknod(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "m:");
    let mode = parsed.value('m').and_then(|m| parse_mode(m, 0o666)).unwrap_or(0o644);
    let number = |i: usize| parsed.rest.get(i).and_then(|n| n.parse::<u32>().ok());
    let kind = match parsed.rest.get(1).map(String::as_str) {
        Some("c" | "u") => FileKind::Chr,
        Some("b") => FileKind::Blk,
        Some("p") => FileKind::Fifo,
        _ => {
            ctx.warn("Usage: mknod [-m MODE] NAME TYPE [MAJOR MINOR]\n").await;
            return 1;
        }
    };
    let rdev = match (kind, number(2), number(3)) {
        (FileKind::Fifo, ..) => (0, 0),
        (_, Some(major), Some(minor)) => (major, minor),
        _ => {
            ctx.warn("Usage: mknod [-m MODE] NAME TYPE [MAJOR MINOR]\n").await;
            return 1;
        }
    };
    let path = parsed.rest[0].clone();
    match ctx.sys.unit(Syscall::Mknod { path: path.clone(), kind, mode, rdev }).await {
        Ok(()) => 0,
        Err(e) => ctx.fail(&format!("{path}: {e}")).await,
    }
}

/// `mount [-t TYPE] [-o OPTIONS] [SOURCE TARGET]`; alone it shows /proc/mounts.
pub(crate) async fn mount(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "t:o:anrw");
    match parsed.rest.as_slice() {
        [] if parsed.has('a') => 0,
        [] => match ctx.sys.read_file("/proc/mounts").await {
            Ok(bytes) => {
                let text = text::decode(&bytes);
                for line in text.lines() {
                    let fields: Vec<&str> = line.split(' ').collect();
                    if let [source, target, kind, options, ..] = fields[..] {
                        ctx.put(&format!("{source} on {target} type {kind} ({options})\n"));
                    }
                }
                ctx.end(0).await
            }
            Err(e) => ctx.fail(&format!("/proc/mounts: {e}")).await,
        },
        [source, target] => {
            let fstype = parsed.value('t').unwrap_or("auto").to_string();
            let call = Syscall::Mount { source: source.clone(), target: target.clone(), fstype };
            match ctx.sys.unit(call).await {
                Ok(()) => 0,
                Err(e) => ctx.fail(&format!("mounting {source} on {target} failed: {e}")).await + 254,
            }
        }
        [other, ..] => ctx.fail(&format!("can't find {other} in /etc/fstab")).await,
    }
}

/// `umount TARGET…`.
pub(crate) async fn umount(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "flrnad");
    let mut status = 0;
    for target in &parsed.rest {
        if let Err(e) = ctx.sys.unit(Syscall::Umount { target: target.clone() }).await {
            status = ctx.fail(&format!("can't unmount {target}: {e}")).await;
        }
    }
    status
}

/// `stat [-c FORMAT] FILE…`.
pub(crate) async fn stat(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "c:Lt");
    let mut status = 0;
    for path in &parsed.rest {
        let stat = match ctx.sys.stat(path).await {
            Ok(stat) => stat,
            Err(e) => {
                status = ctx.fail(&format!("can't stat '{path}': {e}")).await;
                continue;
            }
        };
        let kind = match stat.kind {
            FileKind::File if stat.size == 0 => "regular empty file",
            FileKind::File => "regular file",
            FileKind::Dir => "directory",
            FileKind::Chr => "character special file",
            FileKind::Blk => "block special file",
            FileKind::Fifo => "fifo",
            FileKind::Link => "symbolic link",
        };
        let Some(format) = parsed.value('c') else {
            let date = super::sysinfo::format_date(stat.mtime_ns / 1_000_000_000, "%Y-%m-%d %H:%M:%S");
            let stamp = format!("{date}.{:09} +0000", stat.mtime_ns % 1_000_000_000);
            ctx.put(&format!(
                "  File: {path}\n  Size: {:<15}\tBlocks: {:<10} IO Block: 4096   {kind}\n",
                stat.size,
                stat.size.div_ceil(512)
            ));
            let device = match stat.kind {
                FileKind::Chr | FileKind::Blk => {
                    format!(" Device type: {:x},{:x}", stat.rdev.0, stat.rdev.1)
                }
                _ => String::new(),
            };
            ctx.put(&format!("Device: 1h/1d\tInode: {:<11} Links: {}{device}\n", stat.ino, stat.nlink));
            let mode = mode_text(&stat);
            ctx.put(&format!("Access: ({:04o}/{mode})  Uid: (    0/    root)   Gid: (    0/    root)\n", stat.mode));
            ctx.put(&format!("Access: {stamp}\nModify: {stamp}\nChange: {stamp}\n"));
            continue;
        };
        let mut out = String::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('n') => out.push_str(path),
                Some('s') => out.push_str(&stat.size.to_string()),
                Some('a') => out.push_str(&format!("{:o}", stat.mode)),
                Some('A') => out.push_str(&mode_text(&stat)),
                Some('F') => out.push_str(kind),
                Some('i') => out.push_str(&stat.ino.to_string()),
                Some('h') => out.push_str(&stat.nlink.to_string()),
                Some('t') => out.push_str(&format!("{:x}", stat.rdev.0)),
                Some('T') => out.push_str(&format!("{:x}", stat.rdev.1)),
                Some('u' | 'g') => out.push('0'),
                Some('U' | 'G') => out.push_str("root"),
                Some('Y' | 'X' | 'Z') => out.push_str(&(stat.mtime_ns / 1_000_000_000).to_string()),
                Some(c) => {
                    out.push('%');
                    out.push(c);
                }
                None => out.push('%'),
            }
        }
        ctx.put(&format!("{out}\n"));
    }
    ctx.end(status).await
}

/// A size with dd's suffixes.
fn dd_size(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let factor = match &text[end..] {
        "" | "c" => 1,
        "w" => 2,
        "b" => 512,
        "k" | "K" => 1024,
        "kB" | "KB" | "kD" => 1000,
        "M" => 1 << 20,
        "MB" | "MD" => 1_000_000,
        "G" => 1 << 30,
        _ => return None,
    };
    text[..end].parse::<u64>().ok()?.checked_mul(factor)
}

/// `dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [seek=N] [conv=notrunc] [status=none]`.
pub(crate) async fn dd(mut ctx: Ctx) -> i32 {
    let (mut input, mut output) = (None, None);
    let (mut size, mut count, mut skip, mut seek) = (512, u64::MAX, 0, 0);
    let (mut truncate, mut quiet) = (true, false);
    for arg in ctx.argv.split_off(1) {
        let Some((key, value)) = arg.split_once('=') else {
            return ctx.fail(&format!("unknown operand '{arg}'")).await;
        };
        let number = dd_size(value);
        match key {
            "if" => input = Some(value.to_string()),
            "of" => output = Some(value.to_string()),
            "conv" => truncate &= !value.contains("notrunc"),
            "status" => quiet = value == "none",
            "iflag" | "oflag" => {}
            "bs" | "ibs" | "obs" | "count" | "skip" | "seek" => {
                let Some(number) = number else {
                    return ctx.fail(&format!("invalid number '{value}'")).await;
                };
                match key {
                    "count" => count = number,
                    "skip" => skip = number,
                    "seek" => seek = number,
                    _ => size = number,
                }
            }
            _ => return ctx.fail(&format!("unknown operand '{arg}'")).await,
        }
    }
    if size == 0 || size > 1 << 30 {
        return ctx.fail("invalid number").await;
    }
    let mut from = 0;
    if let Some(path) = &input {
        match ctx.sys.open(path, flags::O_RDONLY, 0).await {
            Ok(fd) => from = fd,
            Err(e) => return ctx.fail(&format!("can't open '{path}': {e}")).await,
        }
    }
    let mut to = 1;
    if let Some(path) = &output {
        let how = flags::O_WRONLY | flags::O_CREAT | if truncate && seek == 0 { flags::O_TRUNC } else { 0 };
        match ctx.sys.open(path, how, 0o666).await {
            Ok(fd) => to = fd,
            Err(e) => return ctx.fail(&format!("can't open '{path}': {e}")).await,
        }
    }
    let offset = |blocks: u64| i64::try_from(blocks.saturating_mul(size)).unwrap_or(i64::MAX);
    if skip > 0 && ctx.sys.lseek(from, offset(skip), flags::SEEK_CUR).await.is_err() {
        for _ in 0..skip {
            if ctx.sys.read(from, size as usize).await.is_ok_and(|b| b.is_empty()) {
                break;
            }
        }
    }
    if seek > 0
        && let Err(e) = ctx.sys.lseek(to, offset(seek), flags::SEEK_CUR).await
    {
        return ctx.fail(&format!("{}: cannot seek: {e}", output.unwrap_or_default())).await;
    }
    let (mut whole, mut part, mut total, mut status) = (0u64, 0u64, 0u64, 0);
    let (mut whole_out, mut part_out) = (0u64, 0u64);
    while whole + part < count {
        let bytes = match ctx.sys.read(from, size as usize).await {
            Ok(bytes) if bytes.is_empty() => break,
            Ok(bytes) => bytes,
            Err(Errno::EINTR) => continue,
            Err(e) => {
                status = ctx.fail(&format!("{}: {e}", input.clone().unwrap_or_else(|| "standard input".into()))).await;
                break;
            }
        };
        let full = bytes.len() as u64 == size;
        if full {
            whole += 1
        } else {
            part += 1
        }
        match ctx.sys.write(to, bytes).await {
            Ok(n) => {
                total += n as u64;
                if n as u64 == size { whole_out += 1 } else { part_out += 1 }
            }
            Err(e) => {
                status = ctx
                    .fail(&format!(
                        "error writing '{}': {e}",
                        output.clone().unwrap_or_else(|| "standard output".into())
                    ))
                    .await;
                break;
            }
        }
    }
    let _ = ctx.sys.close(to).await;
    if !quiet {
        ctx.warn(&format!("{whole}+{part} records in\n{whole_out}+{part_out} records out\n")).await;
        ctx.warn(&format!("{total} bytes copied\n")).await;
    }
    status
}

/// `find [PATH…] [-name PATTERN] [-type T] [-maxdepth N] [-print]`.
pub(crate) async fn find(mut ctx: Ctx) -> i32 {
    let mut args = ctx.argv.split_off(1).into_iter().peekable();
    let mut roots = Vec::new();
    while let Some(path) = args.next_if(|a| !a.starts_with('-')) {
        roots.push(path);
    }
    let (mut name, mut kind, mut depth) = (None, None, usize::MAX);
    while let Some(test) = args.next() {
        let value = match test.as_str() {
            "-print" => continue,
            _ => args.next().unwrap_or_default(),
        };
        match test.as_str() {
            "-name" => name = Some(Pattern::new(&value)),
            "-type" => kind = value.chars().next(),
            "-maxdepth" => depth = value.parse().unwrap_or(usize::MAX),
            _ => return ctx.fail(&format!("unrecognized: {test}")).await,
        }
    }
    if roots.is_empty() {
        roots.push(".".into());
    }
    let mut status = 0;
    for root in roots {
        if let Err(e) = ctx.sys.stat(&root).await {
            status = ctx.fail(&format!("{root}: {e}")).await;
            continue;
        }
        for (path, found) in tree(&ctx.sys, std::slice::from_ref(&root)).await {
            let below = path.strip_prefix(root.as_str()).unwrap_or_default().trim_start_matches('/');
            let level = if below.is_empty() { 0 } else { below.matches('/').count() + 1 };
            let type_fits = kind.is_none_or(|k| if k == 'f' { found == FileKind::File } else { letter(found) == k });
            if level <= depth && type_fits && name.as_ref().is_none_or(|p| p.matches(base_name(&path))) {
                ctx.put(&format!("{path}\n"));
            }
        }
    }
    ctx.end(status).await
}

/// `readlink [-f] PATH`.
pub(crate) async fn readlink(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "fn");
    let Some(path) = parsed.rest.first().cloned() else {
        return 1;
    };
    let target = match ctx.sys.readlink(&path).await {
        Ok(target) => target,
        Err(_) if parsed.has('f') => {
            if path.starts_with('/') {
                path
            } else {
                let cwd = ctx.sys.getcwd().await.unwrap_or_default();
                join(&cwd, &path)
            }
        }
        Err(_) => return 1,
    };
    ctx.put(&format!("{target}\n"));
    ctx.end(0).await
}

/// `pwd`.
pub(crate) async fn pwd(mut ctx: Ctx) -> i32 {
    match ctx.sys.getcwd().await {
        Ok(path) => {
            ctx.put(&format!("{path}\n"));
            ctx.end(0).await
        }
        Err(e) => ctx.fail(&format!("getcwd: {e}")).await,
    }
}

/// `mktemp [-d] [TEMPLATE]`: names count up, so that runs are alike.
pub(crate) async fn mktemp(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "dqp:tu");
    let template = parsed.rest.first().cloned().unwrap_or_else(|| "/tmp/tmp.XXXXXX".into());
    let stem = template.trim_end_matches('X');
    let width = template.len() - stem.len();
    if width < 6 {
        return ctx.fail(&format!("{template}: {}", Errno::EINVAL)).await;
    }
    for n in 0..10_000u32 {
        let path = format!("{stem}{n:0width$}");
        let made = if parsed.has('d') {
            ctx.sys.unit(Syscall::Mkdir { path: path.clone(), mode: 0o700 }).await
        } else {
            match ctx.sys.open(&path, flags::O_WRONLY | flags::O_CREAT | flags::O_EXCL, 0o600).await {
                Ok(fd) => ctx.sys.close(fd).await,
                Err(e) => Err(e),
            }
        };
        match made {
            Ok(()) => {
                ctx.put(&format!("{path}\n"));
                return ctx.end(0).await;
            }
            Err(Errno::EEXIST) => {}
            Err(e) => return ctx.fail(&format!("{template}: {e}")).await,
        }
    }
    ctx.fail(&format!("{template}: {}", Errno::EEXIST)).await
}
