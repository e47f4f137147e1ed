//! Line and character filters.

use std::collections::VecDeque;

use super::{Ctx, Lines, Parsed, base_name, options, seconds};
use crate::sys::{Errno, flags};
use crate::text;

fn files_or_stdin(files: &[String]) -> Vec<String> {
    if files.is_empty() { vec!["-".into()] } else { files.to_vec() }
}

/// `-5` for `-n 5`.
fn old_count(args: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    for arg in args {
        match arg.strip_prefix('-') {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                out.push("-n".into());
                out.push(digits.into());
            }
            _ => out.push(arg.clone()),
        }
    }
    out
}

/// A count with suffix k or m.
fn count(text: &str) -> Option<usize> {
    let (digits, factor) = match text.char_indices().last()? {
        (i, 'k' | 'K') => (&text[..i], 1024),
        (i, 'm' | 'M') => (&text[..i], 1 << 20),
        _ => (text, 1),
    };
    digits.parse::<usize>().ok()?.checked_mul(factor)
}

/// `head [-n N] [-c N] [-q] [-v] [FILE…]`.
pub(crate) async fn head(mut ctx: Ctx) -> i32 {
    let parsed = match Parsed::new(&old_count(&ctx.argv[1..]), "n:c:qv", true) {
        Ok(parsed) => parsed,
        Err(message) => return ctx.fail(&message).await,
    };
    let number = parsed.value('c').or(parsed.value('n')).unwrap_or("10").to_string();
    // `-n -3`: all but the last three.
    let (all_but, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest.to_string()),
        None => (false, number),
    };
    let Some(limit) = count(&number) else {
        return ctx.fail(&format!("invalid number '{number}'")).await;
    };
    let files = files_or_stdin(&parsed.rest);
    let titles = (files.len() > 1 && !parsed.has('q')) || parsed.has('v');
    let mut status = 0;
    for (i, path) in files.iter().enumerate() {
        let Some(fd) = ctx.input(path).await else {
            status = 1;
            continue;
        };
        if titles {
            let name = if path == "-" { "standard input" } else { path };
            ctx.put(&format!("{}==> {name} <==\n", if i > 0 { "\n" } else { "" }));
        }
        if parsed.has('c') {
            let mut left = limit;
            while left > 0 {
                match ctx.sys.read(fd, left.min(4096)).await {
                    Ok(bytes) if bytes.is_empty() => break,
                    Ok(bytes) => {
                        left -= bytes.len().min(left);
                        ctx.put_bytes(&bytes);
                    }
                    Err(Errno::EINTR) => {}
                    Err(e) => {
                        status = ctx.fail(&format!("{path}: {e}")).await;
                        break;
                    }
                }
            }
            if fd != 0 {
                let _ = ctx.sys.close(fd).await;
            }
            continue;
        }
        let mut lines = Lines::new(&ctx.sys, fd);
        let mut held = VecDeque::new();
        let mut seen = 0;
        while all_but || seen < limit {
            match lines.next().await {
                Ok(Some(line)) => {
                    seen += 1;
                    held.push_back(line);
                    if all_but && held.len() <= limit {
                        continue;
                    }
                    let line = held.pop_front().unwrap_or_default();
                    ctx.put(&line);
                    if lines.ended || all_but {
                        ctx.put("\n");
                    }
                    if !ctx.drain().await {
                        break;
                    }
                }
                Ok(None) => break,
                Err(e) => {
                    status = ctx.fail(&format!("{path}: {e}")).await;
                    break;
                }
            }
        }
        lines.close().await;
    }
    ctx.end(status).await
}

/// `tail [-n [+]N] [-c [+]N] [-f] [-s SECS] [FILE…]`.
pub(crate) async fn tail(mut ctx: Ctx) -> i32 {
    let parsed = match Parsed::new(&old_count(&ctx.argv[1..]), "n:c:fFqvs:", true) {
        Ok(parsed) => parsed,
        Err(message) => return ctx.fail(&message).await,
    };
    let number = parsed.value('c').or(parsed.value('n')).unwrap_or("10").to_string();
    let from_start = number.starts_with('+');
    let Some(limit) = count(number.trim_start_matches(['+', '-'])) else {
        return ctx.fail(&format!("invalid number '{number}'")).await;
    };
    let files = files_or_stdin(&parsed.rest);
    let titles = files.len() > 1 && !parsed.has('q') || parsed.has('v');
    let mut status = 0;
    let mut followed = Vec::new();
    for (i, path) in files.iter().enumerate() {
        let Some(fd) = ctx.input(path).await else {
            status = 1;
            continue;
        };
        if titles {
            ctx.put(&format!("{}==> {path} <==\n", if i > 0 { "\n" } else { "" }));
        }
        let bytes = match ctx.sys.read_to_end(fd).await {
            Ok(bytes) => bytes,
            Err(e) => {
                status = ctx.fail(&format!("{path}: {e}")).await;
                continue;
            }
        };
        let start = if parsed.has('c') {
            if from_start { limit.saturating_sub(1).min(bytes.len()) } else { bytes.len().saturating_sub(limit) }
        } else {
            // Where each line starts.
            let mut starts: Vec<usize> = vec![0];
            starts.extend(bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1));
            if starts.last() == Some(&bytes.len()) {
                starts.pop();
            }
            let line = if from_start { limit.saturating_sub(1) } else { starts.len().saturating_sub(limit) };
            starts.get(line).copied().unwrap_or(bytes.len())
        };
        ctx.put_bytes(&bytes[start..]);
        followed.push(fd);
    }
    if !(parsed.has('f') || parsed.has('F')) || followed.is_empty() {
        return ctx.end(status).await;
    }
    let nap = parsed.value('s').and_then(seconds).unwrap_or(1_000_000_000).max(1);
    while ctx.flush().await && matches!(ctx.sys.nanosleep(nap).await, Ok(0)) {
        for &fd in &followed {
            if let Ok(bytes) = ctx.sys.read_to_end(fd).await {
                ctx.put_bytes(&bytes);
            }
        }
    }
    ctx.end(status).await
}

/// `wc [-l] [-w] [-c] [-m] [-L] [FILE…]`.
pub(crate) async fn wc(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "lwcmL");
    let files = files_or_stdin(&parsed.rest);
    let chosen: Vec<char> = "lwmcL".chars().filter(|c| parsed.has(*c)).collect();
    let columns = if chosen.is_empty() { vec!['l', 'w', 'c'] } else { chosen };
    let mut totals = vec![0; columns.len()];
    let mut status = 0;
    // One column of one input is printed bare.
    let bare = columns.len() == 1 && files.len() == 1;
    let line = |counts: &[usize], name: &str| {
        let cells: Vec<String> = counts.iter().map(|n| if bare { n.to_string() } else { format!("{n:>9}") }).collect();
        let text = cells.join(if bare { "" } else { " " });
        if name == "-" { format!("{text}\n") } else { format!("{text} {name}\n") }
    };
    for path in &files {
        let Some(fd) = ctx.input(path).await else {
            status = 1;
            continue;
        };
        let bytes = match ctx.sys.read_to_end(fd).await {
            Ok(bytes) => bytes,
            Err(e) => {
                status = ctx.fail(&format!("{path}: {e}")).await;
                continue;
            }
        };
        if fd != 0 {
            let _ = ctx.sys.close(fd).await;
        }
        let counts: Vec<usize> = columns
            .iter()
            .map(|c| match c {
                'l' => bytes.iter().filter(|b| **b == b'\n').count(),
                'w' => bytes.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).count(),
                'm' => text::decode(&bytes).chars().count(),
                'L' => text::decode(&bytes).lines().map(|l| l.chars().count()).max().unwrap_or(0),
                _ => bytes.len(),
            })
            .collect();
        for (total, (n, c)) in totals.iter_mut().zip(counts.iter().zip(&columns)) {
            *total = if *c == 'L' { (*total).max(*n) } else { *total + n };
        }
        ctx.put(&line(&counts, path));
    }
    if files.len() > 1 {
        ctx.put(&line(&totals, "total"));
    }
    ctx.end(status).await
}

/// The characters of a `tr` set: escapes, ranges, `[:class:]`.
fn tr_set(text: &str) -> Vec<char> {
    let mut chars = Vec::new();
    let mut input = text.chars().peekable();
    let mut plain = Vec::new();
    while let Some(c) = input.next() {
        if c != '\\' {
            plain.push((c, false));
            continue;
        }
        match input.next() {
            Some('n') => plain.push(('\n', true)),
            Some('t') => plain.push(('\t', true)),
            Some('r') => plain.push(('\r', true)),
            Some(d) if d.is_digit(8) => {
                let mut value = d.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    if let Some(d) = input.peek().and_then(|c| c.to_digit(8)) {
                        value = value * 8 + d;
                        input.next();
                    }
                }
                plain.push((text::byte_char(value as u8), true));
            }
            Some(c) => plain.push((c, true)),
            None => plain.push(('\\', true)),
        }
    }
    let mut i = 0;
    while i < plain.len() {
        let (c, escaped) = plain[i];
        let rest: String = plain[i..].iter().map(|(c, _)| *c).collect();
        if !escaped && let Some((name, _)) = rest.strip_prefix("[:").and_then(|r| r.split_once(":]")) {
            let ascii = (0..128u8).map(char::from);
            let members: Option<Vec<char>> = match name {
                "upper" => Some(('A'..='Z').collect()),
                "lower" => Some(('a'..='z').collect()),
                "digit" => Some(('0'..='9').collect()),
                "alpha" => Some(ascii.filter(char::is_ascii_alphabetic).collect()),
                "alnum" => Some(ascii.filter(char::is_ascii_alphanumeric).collect()),
                "space" => Some(vec!['\t', '\n', '\u{b}', '\u{c}', '\r', ' ']),
                "blank" => Some(vec!['\t', ' ']),
                "punct" => Some(ascii.filter(char::is_ascii_punctuation).collect()),
                "cntrl" => Some(ascii.filter(char::is_ascii_control).collect()),
                "print" => Some((' '..='~').collect()),
                "xdigit" => Some(ascii.filter(char::is_ascii_hexdigit).collect()),
                _ => None,
            };
            if let Some(members) = members {
                chars.extend(members);
                i += name.chars().count() + 4;
                continue;
            }
        }
        if plain.get(i + 1) == Some(&('-', false)) && i + 2 < plain.len() {
            let end = plain[i + 2].0;
            // A range of the whole of Unicode is no use to anybody.
            chars.extend((c..=end).take(65536));
            i += 3;
            continue;
        }
        chars.push(c);
        i += 1;
    }
    chars
}

/// `tr [-d] [-s] [-c] SET1 [SET2]`.
pub(crate) async fn tr(mut ctx: Ctx) -> i32 {
    let parsed = match Parsed::new(&ctx.argv[1..], "dscC", false) {
        Ok(parsed) => parsed,
        Err(message) => return ctx.fail(&message).await,
    };
    let (delete, squeeze, complement) = (parsed.has('d'), parsed.has('s'), parsed.has('c') || parsed.has('C'));
    let Some(first) = parsed.rest.first().map(|s| tr_set(s)) else {
        ctx.warn("Usage: tr [-cds] STRING1 [STRING2]\n").await;
        return 1;
    };
    let second = parsed.rest.get(1).map(|s| tr_set(s));
    let bytes = match ctx.sys.read_to_end(0).await {
        Ok(bytes) => bytes,
        Err(e) => return ctx.fail(&format!("read error: {e}")).await,
    };
    let mut out = String::new();
    let mut last = None;
    for c in text::decode(&bytes).chars() {
        let member = first.contains(&c) != complement;
        let mut shown = c;
        if member {
            if delete {
                continue;
            }
            if let Some(second) = &second
                && let Some(fallback) = second.last()
            {
                let index = if complement { None } else { first.iter().rposition(|f| *f == c) };
                shown = *index.and_then(|i| second.get(i)).unwrap_or(fallback);
            }
        }
        let squeezable = match &second {
            Some(second) => second.contains(&shown),
            None => member,
        };
        if squeeze && squeezable && last == Some(shown) {
            continue;
        }
        last = Some(shown);
        out.push(shown);
    }
    ctx.put(&out);
    ctx.end(0).await
}

/// `1,3-5,7-` as ranges from 0, ends excluded.
fn ranges(list: &str) -> Option<Vec<(usize, usize)>> {
    list.split(',')
        .map(|part| {
            let (a, b) = part.split_once('-').map_or((part, part), |(a, b)| (a, b));
            let first = if a.is_empty() { 1 } else { a.parse::<usize>().ok()? };
            let last = if b.is_empty() { usize::MAX } else { b.parse::<usize>().ok()? };
            (first > 0 && first <= last).then_some((first - 1, last))
        })
        .collect()
}

/// `cut -c LIST | -b LIST | -f LIST [-d CHAR] [-s] [FILE…]`.
pub(crate) async fn cut(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "c:b:f:d:sn");
    let Some(list) = parsed.value('f').or(parsed.value('c')).or(parsed.value('b')) else {
        return ctx.fail("expected a list of bytes, characters, or fields").await;
    };
    let Some(ranges) = ranges(list) else {
        return ctx.fail("invalid byte or field list").await;
    };
    let wanted = |i: usize| ranges.iter().any(|(a, b)| *a <= i && i < *b);
    let delimiter = parsed.value('d').unwrap_or("\t").to_string();
    let mut status = 0;
    for path in files_or_stdin(&parsed.rest) {
        let Some(lines) = ctx.lines_of(&path).await else {
            status = 1;
            continue;
        };
        for line in lines {
            let kept: String = if parsed.has('f') {
                if !line.contains(&delimiter) {
                    if parsed.has('s') {
                        continue;
                    }
                    line
                } else {
                    let fields: Vec<&str> = line
                        .split(delimiter.as_str())
                        .enumerate()
                        .filter(|(i, _)| wanted(*i))
                        .map(|(_, f)| f)
                        .collect();
                    fields.join(&delimiter)
                }
            } else {
                line.chars().enumerate().filter(|(i, _)| wanted(*i)).map(|(_, c)| c).collect()
            };
            ctx.put(&kept);
            ctx.put("\n");
        }
    }
    ctx.end(status).await
}

/// The number a line starts with, for `sort -n`.
fn leading_number(text: &str) -> f64 {
    let text = text.trim_start();
    let end = text
        .char_indices()
        .find(|(i, c)| !(c.is_ascii_digit() || *c == '.' || (*i == 0 && *c == '-')))
        .map_or(text.len(), |(i, _)| i);
    text[..end].parse().unwrap_or(0.0)
}

/// `sort [-n] [-r] [-u] [-f] [-b] [-s] [-k F[,G][nr]] [-t CHAR] [-o FILE] [FILE…]`.
pub(crate) async fn sort(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "nrufbsk:t:o:ghMVd");
    let mut lines = Vec::new();
    let mut status = 0;
    for path in files_or_stdin(&parsed.rest) {
        match ctx.lines_of(&path).await {
            Some(more) => lines.extend(more),
            None => status = 1,
        }
    }
    struct Key {
        first: usize,
        last: usize,
        numeric: bool,
        reverse: bool,
        fold: bool,
    }
    let (numeric, reverse, fold) = (parsed.has('n') || parsed.has('g'), parsed.has('r'), parsed.has('f'));
    let mut keys = Vec::new();
    for spec in parsed.values('k') {
        let flags: String = spec.chars().filter(|c| c.is_ascii_alphabetic()).collect();
        let number = |part: &str| {
            part.split('.')
                .next()
                .and_then(|n| n.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<usize>().ok())
        };
        let (from, to) = spec.split_once(',').map_or((spec, None), |(a, b)| (a, Some(b)));
        let Some(first) = number(from).filter(|n| *n > 0) else {
            return ctx.fail(&format!("bad field specification '{spec}'")).await;
        };
        let last = to.and_then(number).unwrap_or(usize::MAX);
        keys.push(Key {
            first: first - 1,
            last,
            numeric: numeric || flags.contains('n'),
            reverse: reverse != flags.contains('r') || (flags.contains('r') && !reverse),
            fold: fold || flags.contains('f'),
        });
    }
    if keys.is_empty() {
        keys.push(Key { first: 0, last: usize::MAX, numeric, reverse, fold });
    }
    let separator = parsed.value('t').and_then(|t| t.chars().next());
    let pick = |line: &str, key: &Key| -> String {
        if key.first == 0 && key.last == usize::MAX {
            return line.to_string();
        }
        match separator {
            Some(separator) => {
                let fields: Vec<&str> = line.split(separator).collect();
                let end = key.last.min(fields.len());
                fields.get(key.first..end).map_or(String::new(), |f| f.join(&separator.to_string()))
            }
            None => {
                // A field starts with the blanks before it.
                let mut starts = vec![0];
                let bytes = line.as_bytes();
                for i in 1..bytes.len() {
                    if bytes[i].is_ascii_whitespace() && !bytes[i - 1].is_ascii_whitespace() {
                        starts.push(i);
                    }
                }
                let from = starts.get(key.first).copied().unwrap_or(line.len());
                let to = if key.last == usize::MAX {
                    line.len()
                } else {
                    starts.get(key.last).copied().unwrap_or(line.len())
                };
                line.get(from..to.max(from)).unwrap_or_default().to_string()
            }
        }
    };
    let compare = |a: &String, b: &String| {
        for key in &keys {
            let (mut x, mut y) = (pick(a, key), pick(b, key));
            if key.fold {
                (x, y) = (x.to_uppercase(), y.to_uppercase());
            }
            let order = if key.numeric {
                leading_number(&x).total_cmp(&leading_number(&y))
            } else {
                text::encode(&x).cmp(&text::encode(&y))
            };
            let order = if key.reverse { order.reverse() } else { order };
            if order.is_ne() {
                return order;
            }
        }
        std::cmp::Ordering::Equal
    };
    let stable = parsed.has('s') || parsed.has('u');
    lines.sort_by(|a, b| {
        let last = || if reverse { b.cmp(a) } else { a.cmp(b) };
        compare(a, b).then_with(|| if stable { std::cmp::Ordering::Equal } else { last() })
    });
    if parsed.has('u') {
        lines.dedup_by(|a, b| compare(a, b).is_eq());
    }
    let mut out = lines.join("\n");
    if !lines.is_empty() {
        out.push('\n');
    }
    match parsed.value('o') {
        None => ctx.put(&out),
        Some(path) => {
            let how = flags::O_WRONLY | flags::O_CREAT | flags::O_TRUNC;
            let path = path.to_string();
            match ctx.sys.open(&path, how, 0o666).await {
                Ok(fd) => {
                    let written = ctx.sys.write_all(fd, &text::encode(&out)).await;
                    if let Err(e) = ctx.sys.close(fd).await.and(written) {
                        return ctx.fail(&format!("{path}: {e}")).await;
                    }
                }
                Err(e) => return ctx.fail(&format!("{path}: {e}")).await,
            }
        }
    }
    ctx.end(status).await
}

/// `uniq [-c] [-d] [-u] [-i] [FILE]`.
pub(crate) async fn uniq(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "cduif:s:w:");
    let path = parsed.rest.first().cloned().unwrap_or_else(|| "-".into());
    let Some(lines) = ctx.lines_of(&path).await else {
        return 1;
    };
    let mut i = 0;
    while i < lines.len() {
        let same = |a: &str, b: &str| {
            if parsed.has('i') { a.eq_ignore_ascii_case(b) } else { a == b }
        };
        let run = lines[i..].iter().take_while(|l| same(l, &lines[i])).count();
        if !(parsed.has('d') && run == 1 || parsed.has('u') && run > 1) {
            let line = &lines[i];
            ctx.put(&if parsed.has('c') { format!("{run:>7} {line}\n") } else { format!("{line}\n") });
        }
        i += run;
    }
    ctx.end(0).await
}

/// `tee [-a] [-i] [FILE…]`.
pub(crate) async fn tee(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "ai");
    let mut outputs = Vec::new();
    let mut status = 0;
    let how = flags::O_WRONLY | flags::O_CREAT | if parsed.has('a') { flags::O_APPEND } else { flags::O_TRUNC };
    for path in &parsed.rest {
        match ctx.sys.open(path, how, 0o666).await {
            Ok(fd) => outputs.push((path.clone(), fd)),
            Err(e) => status = ctx.fail(&format!("{path}: {e}")).await,
        }
    }
    loop {
        let bytes = match ctx.sys.read(0, 4096).await {
            Ok(bytes) if bytes.is_empty() => break,
            Ok(bytes) => bytes,
            Err(Errno::EINTR) => continue,
            Err(e) => {
                status = ctx.fail(&format!("read error: {e}")).await;
                break;
            }
        };
        ctx.put_bytes(&bytes);
        ctx.flush().await;
        for (path, fd) in &outputs {
            if let Err(e) = ctx.sys.write_all(*fd, &bytes).await {
                status = ctx.fail(&format!("{path}: {e}")).await;
            }
        }
    }
    ctx.end(status).await
}

/// `tac [FILE…]`.
pub(crate) async fn tac(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "");
    let mut status = 0;
    for path in files_or_stdin(&parsed.rest) {
        match ctx.lines_of(&path).await {
            Some(lines) => {
                for line in lines.iter().rev() {
                    ctx.put(&format!("{line}\n"));
                }
            }
            None => status = 1,
        }
    }
    ctx.end(status).await
}

/// `rev [FILE…]`.
pub(crate) async fn rev(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "");
    let mut status = 0;
    for path in files_or_stdin(&parsed.rest) {
        match ctx.lines_of(&path).await {
            Some(lines) => {
                for line in lines {
                    let line: String = line.chars().rev().collect();
                    ctx.put(&format!("{line}\n"));
                }
            }
            None => status = 1,
        }
    }
    ctx.end(status).await
}

/// `nl [-ba] [FILE…]`.
pub(crate) async fn nl(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "b:w:s:");
    let all = parsed.value('b') == Some("a");
    let mut number = 0;
    for path in files_or_stdin(&parsed.rest) {
        for line in ctx.lines_of(&path).await.unwrap_or_default() {
            if line.is_empty() && !all {
                ctx.put("       \n");
            } else {
                number += 1;
                ctx.put(&format!("{number:>6}\t{line}\n"));
            }
        }
    }
    ctx.end(0).await
}

/// `cmp [-s] FILE FILE`.
pub(crate) async fn cmp(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "s");
    let [a, b] = parsed.rest.as_slice() else {
        ctx.warn("Usage: cmp [-s] FILE1 FILE2\n").await;
        return 2;
    };
    let (x, y) = (ctx.sys.read_file(a).await, ctx.sys.read_file(b).await);
    let (x, y) = match (x, y) {
        (Ok(x), Ok(y)) => (x, y),
        (Err(e), _) => return ctx.fail(&format!("{a}: {e}")).await + 1,
        (_, Err(e)) => return ctx.fail(&format!("{b}: {e}")).await + 1,
    };
    if x == y {
        return 0;
    }
    if !parsed.has('s') {
        match x.iter().zip(&y).position(|(p, q)| p != q) {
            Some(i) => {
                let line = x[..i].iter().filter(|c| **c == b'\n').count() + 1;
                ctx.put(&format!("{a} {b} differ: char {}, line {line}\n", i + 1));
            }
            None => {
                let shorter = if x.len() < y.len() { a } else { b };
                ctx.fail(&format!("EOF on {shorter}")).await;
            }
        }
    }
    ctx.end(1).await
}

/// `diff [-u] [-q] FILE FILE`: 0 same, 1 different; always in the unified form, all in one hunk.
pub(crate) async fn diff(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "uqbwBirN");
    let [a, b] = parsed.rest.as_slice() else {
        ctx.warn("Usage: diff [-uq] FILE1 FILE2\n").await;
        return 2;
    };
    let (Some(x), Some(y)) = (ctx.lines_of(a).await, ctx.lines_of(b).await) else {
        return 2;
    };
    if x == y {
        return 0;
    }
    if parsed.has('q') {
        ctx.put(&format!("Files {} and {} differ\n", base_name(a), base_name(b)));
        return ctx.end(1).await;
    }
    let start = x.iter().zip(&y).take_while(|(p, q)| p == q).count();
    let tail = x[start..].iter().rev().zip(y[start..].iter().rev()).take_while(|(p, q)| p == q).count();
    let (from, context_end) = (start.saturating_sub(3), tail.min(3));
    let (x_end, y_end) = (x.len() - tail, y.len() - tail);
    let range = |first: usize, count: usize| match count {
        0 => format!("{first},0"),
        1 => format!("{}", first + 1),
        n => format!("{},{n}", first + 1),
    };
    ctx.put(&format!("--- {a}\n+++ {b}\n"));
    ctx.put(&format!(
        "@@ -{} +{} @@\n",
        range(from, x_end + context_end - from),
        range(from, y_end + context_end - from)
    ));
    for line in &x[from..start] {
        ctx.put(&format!(" {line}\n"));
    }
    for line in &x[start..x_end] {
        ctx.put(&format!("-{line}\n"));
    }
    for line in &y[start..y_end] {
        ctx.put(&format!("+{line}\n"));
    }
    for line in &x[x_end..x_end + context_end] {
        ctx.put(&format!(" {line}\n"));
    }
    ctx.end(1).await
}
