//! `grep`, `sed` and `awk`, the parts scenarios use.

use regex_lite::{Regex, RegexBuilder};

use super::{Ctx, Lines, Parsed, base_name, options};
use crate::sys::Errno;

/// A POSIX basic regular expression in the syntax of the regex crate.
fn translate_basic(pattern: &str) -> String {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::new();
    let mut i = 0;
    // At the start of an expression or group `*` is itself and `^` an anchor.
    let mut at_start = true;
    while i < chars.len() {
        let c = chars[i];
        i += 1;
        let was_start = std::mem::replace(&mut at_start, false);
        match c {
            '\\' => match chars.get(i) {
                Some(c @ ('(' | ')' | '{' | '}' | '|' | '+' | '?')) => {
                    out.push(*c);
                    at_start = matches!(c, '(' | '|');
                    i += 1;
                }
                Some('<' | '>') => {
                    out.push_str("\\b");
                    i += 1;
                }
                Some(c @ ('w' | 'W' | 's' | 'S' | 'b' | 'B')) => {
                    out.push('\\');
                    out.push(*c);
                    i += 1;
                }
                Some(c) => {
                    out.push_str(&escape(*c));
                    i += 1;
                }
                None => out.push_str("\\\\"),
            },
            '*' if was_start => out.push_str("\\*"),
            '^' if was_start => {
                out.push('^');
                at_start = true;
            }
            '^' => out.push_str("\\^"),
            '$' if i == chars.len() || chars[i..].starts_with(&['\\', ')']) || chars[i..].starts_with(&['\\', '|']) => {
                out.push('$');
            }
            '[' => i = bracket(&chars, i, &mut out),
            '$' | '(' | ')' | '{' | '}' | '|' | '+' | '?' => {
                out.push('\\');
                out.push(c);
            }
            '.' | '*' => out.push(c),
            c => out.push_str(&escape(c)),
        }
    }
    out
}

/// A POSIX extended regular expression likewise.
fn translate_extended(pattern: &str) -> String {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        i += 1;
        match c {
            '\\' => {
                match chars.get(i) {
                    Some('<' | '>') => out.push_str("\\b"),
                    Some(c @ ('w' | 'W' | 's' | 'S' | 'b' | 'B')) => {
                        out.push('\\');
                        out.push(*c);
                    }
                    Some(c) => out.push_str(&escape(*c)),
                    None => out.push_str("\\\\"),
                }
                i += 1;
            }
            '[' => i = bracket(&chars, i, &mut out),
            // A brace that starts no repetition is itself.
            '{' if !chars.get(i).is_some_and(|c| c.is_ascii_digit() || *c == ',') => out.push_str("\\{"),
            '.' | '*' | '+' | '?' | '(' | ')' | '|' | '^' | '$' | '{' | '}' => out.push(c),
            c => out.push_str(&escape(c)),
        }
    }
    out
}

fn escape(c: char) -> String {
    regex_lite::escape(c.encode_utf8(&mut [0; 4]))
}

/// A bracket expression after its `[`; backslash is nothing special in POSIX. Gives where it ends.
fn bracket(chars: &[char], start: usize, out: &mut String) -> usize {
    let mut i = start;
    let mut inner = String::from("[");
    if chars.get(i) == Some(&'^') {
        inner.push('^');
        i += 1;
    }
    let first = i;
    while let Some(&c) = chars.get(i) {
        match c {
            ']' if i > first => {
                inner.push(']');
                out.push_str(&inner);
                return i + 1;
            }
            '[' if chars.get(i + 1) == Some(&':') => {
                let rest: String = chars[i..].iter().collect();
                if let Some(end) = rest.find(":]") {
                    let class = &rest[..end + 2];
                    inner.push_str(class);
                    i += class.chars().count();
                    continue;
                }
                inner.push_str("\\[");
            }
            '-' if i > first && chars.get(i + 1).is_some_and(|n| *n != ']') => inner.push('-'),
            c if c.is_alphanumeric() || c == ' ' => inner.push(c),
            c => inner.push_str(&escape_in_class(c)),
        }
        i += 1;
    }
    // Never closed: a literal bracket.
    out.push_str("\\[");
    start
}

fn escape_in_class(c: char) -> String {
    if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() }
}

/// Compiles a basic regular expression.
pub(super) fn basic(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    build(&translate_basic(pattern), ignore_case).map_err(|()| format!("bad regex '{pattern}'"))
}

fn extended(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    build(&translate_extended(pattern), ignore_case).map_err(|()| format!("bad regex '{pattern}'"))
}

fn build(translated: &str, ignore_case: bool) -> Result<Regex, ()> {
    RegexBuilder::new(translated).case_insensitive(ignore_case).build().map_err(|_| ())
}

/// `grep [-EFivcnqolLhHsxwrR] [-e PATTERN] [-f FILE] [-m N] [-A N] [-B N] [-C N] PATTERN [FILE…]`.
pub(crate) async fn grep(mut ctx: Ctx) -> i32 {
    let longs =
        [("--color=auto", ""), ("--color=never", ""), ("--color", ""), ("--quiet", "-q"), ("--line-buffered", "")];
    let mut args = Vec::new();
    for arg in &ctx.argv[1..] {
        match longs.iter().find(|(long, _)| long == arg) {
            Some((_, "")) => {}
            Some((_, short)) => args.push((*short).to_string()),
            None => args.push(arg.clone()),
        }
    }
    let parsed = match Parsed::new(&args, "EFGivcnqolLhHsxwrRae:f:m:A:B:C:", true) {
        Ok(parsed) => parsed,
        Err(message) => return ctx.fail(&message).await + 1,
    };
    let name = base_name(&ctx.argv[0]).to_string();
    let fixed = parsed.has('F') || name == "fgrep";
    let is_extended = parsed.has('E') || name == "egrep";
    let mut rest = parsed.rest.clone();
    let mut patterns: Vec<String> = parsed.values('e').map(str::to_string).collect();
    if let Some(path) = parsed.value('f') {
        match ctx.lines_of(path).await {
            Some(lines) => patterns.extend(lines),
            None => return 2,
        }
    } else if patterns.is_empty() {
        if rest.is_empty() {
            ctx.warn("Usage: grep [-HhnlLoqvsriwFE] [-m N] [-A|B|C N] PATTERN/-e PATTERN... [FILE]...\n").await;
            return 2;
        }
        patterns.push(rest.remove(0));
    }
    let mut regexes = Vec::new();
    for pattern in patterns.iter().flat_map(|p| p.split('\n')) {
        let translated = if fixed {
            regex_lite::escape(pattern)
        } else if is_extended {
            translate_extended(pattern)
        } else {
            translate_basic(pattern)
        };
        let translated = if parsed.has('x') {
            format!("^(?:{translated})$")
        } else if parsed.has('w') {
            format!("\\b(?:{translated})\\b")
        } else {
            translated
        };
        match build(&translated, parsed.has('i')) {
            Ok(regex) => regexes.push(regex),
            Err(()) => return ctx.fail(&format!("bad regex '{pattern}'")).await + 1,
        }
    }
    let number = |letter| parsed.value(letter).and_then(|n| n.parse::<usize>().ok());
    let after = number('A').or(number('C')).unwrap_or(0);
    let before = number('B').or(number('C')).unwrap_or(0);
    let most = number('m').unwrap_or(usize::MAX);
    let recursive = parsed.has('r') || parsed.has('R');
    let files = if recursive {
        super::fileops::tree_files(&ctx.sys, if rest.is_empty() { vec![".".into()] } else { rest }).await
    } else if rest.is_empty() {
        vec!["-".to_string()]
    } else {
        rest
    };
    let titles = (files.len() > 1 || recursive || parsed.has('H')) && !parsed.has('h');
    let (mut any, mut failed) = (false, false);
    for path in &files {
        let fd = if path == "-" {
            0
        } else {
            match ctx.sys.open(path, 0, 0).await {
                Ok(fd) => fd,
                Err(e) => {
                    failed = true;
                    if !parsed.has('s') {
                        ctx.fail(&format!("{path}: {e}")).await;
                    }
                    continue;
                }
            }
        };
        let shown = if path == "-" { "(standard input)" } else { path };
        let title = |mark: char| {
            if titles { format!("{shown}{mark}") } else { String::new() }
        };
        let mut lines = Lines::new(&ctx.sys, fd);
        let (mut count, mut index, mut last_shown, mut trailing) = (0usize, 0usize, 0usize, 0usize);
        let mut held: std::collections::VecDeque<(usize, String)> = std::collections::VecDeque::new();
        loop {
            if count >= most && trailing == 0 {
                break;
            }
            let line = match lines.next().await {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(e) => {
                    failed = true;
                    if !parsed.has('s') {
                        ctx.fail(&format!("{path}: {e}")).await;
                    }
                    break;
                }
            };
            index += 1;
            let mark = |index: usize, mark: char| {
                if parsed.has('n') { format!("{index}{mark}") } else { String::new() }
            };
            let matched = count < most && regexes.iter().any(|r| r.is_match(&line)) != parsed.has('v');
            if !matched {
                if trailing > 0 {
                    trailing -= 1;
                    last_shown = index;
                    ctx.put(&format!("{}{}{line}\n", title('-'), mark(index, '-')));
                } else if before > 0 {
                    held.push_back((index, line));
                    if held.len() > before {
                        held.pop_front();
                    }
                }
                continue;
            }
            any = true;
            count += 1;
            if parsed.has('q') {
                return 0;
            }
            if parsed.has('l') || parsed.has('L') {
                break;
            }
            if parsed.has('c') {
                continue;
            }
            if parsed.has('o') {
                if !parsed.has('v') {
                    for found in regexes.iter().flat_map(|r| r.find_iter(&line)).filter(|m| !m.is_empty()) {
                        ctx.put(&format!("{}{}{}\n", title(':'), mark(index, ':'), found.as_str()));
                    }
                }
                continue;
            }
            let first = held.front().map_or(index, |(i, _)| *i);
            if (after > 0 || before > 0) && last_shown > 0 && first > last_shown + 1 {
                ctx.put("--\n");
            }
            for (index, line) in held.drain(..) {
                ctx.put(&format!("{}{}{line}\n", title('-'), mark(index, '-')));
            }
            ctx.put(&format!("{}{}{line}\n", title(':'), mark(index, ':')));
            last_shown = index;
            trailing = after;
            if !ctx.drain().await {
                return ctx.end(1).await;
            }
        }
        lines.close().await;
        if parsed.has('c') {
            ctx.put(&format!("{}{count}\n", title(':')));
        }
        if (parsed.has('l') && count > 0) || (parsed.has('L') && count == 0) {
            ctx.put(&format!("{shown}\n"));
        }
    }
    let status = if any { 0 } else { 1 };
    ctx.end(if failed && !(any && parsed.has('q')) { 2 } else { status }).await
}

#[derive(Debug)]
enum Address {
    Line(usize),
    Last,
    Match(Regex),
}

#[derive(Debug)]
enum Action {
    Substitute { regex: Regex, replacement: String, global: bool, print: bool, nth: usize },
    Print,
    Delete,
    Quit,
    Number,
    Insert(String),
    Append(String),
    Change(String),
    Translate(Vec<char>, Vec<char>),
}

#[derive(Debug)]
struct SedCommand {
    from: Option<Address>,
    to: Option<Address>,
    negate: bool,
    action: Action,
    active: bool,
}

/// Reads up to the unescaped delimiter; an escaped delimiter is itself, and a `\n` a newline.
fn delimited(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, delimiter: char) -> Result<String, String> {
    let mut out = String::new();
    let mut in_class = false;
    loop {
        match chars.next() {
            None => return Err("unterminated expression".into()),
            Some(c) if c == delimiter && !in_class => return Ok(out),
            Some('\\') => match chars.next() {
                Some(c) if c == delimiter => out.push(c),
                Some('n') => out.push('\n'),
                Some(c) => {
                    out.push('\\');
                    out.push(c);
                }
                None => return Err("unterminated expression".into()),
            },
            Some(c) => {
                in_class = match c {
                    '[' => true,
                    ']' => false,
                    _ => in_class,
                };
                out.push(c);
            }
        }
    }
}

fn sed_regex(pattern: &str, is_extended: bool, ignore_case: bool) -> Result<Regex, String> {
    if is_extended { extended(pattern, ignore_case) } else { basic(pattern, ignore_case) }
}

fn sed_address(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    is_extended: bool,
) -> Result<Option<Address>, String> {
    match chars.peek() {
        Some(c) if c.is_ascii_digit() => {
            let mut digits = String::new();
            while let Some(d) = chars.next_if(char::is_ascii_digit) {
                digits.push(d);
            }
            Ok(Some(Address::Line(digits.parse().map_err(|_| "bad address".to_string())?)))
        }
        Some('$') => {
            chars.next();
            Ok(Some(Address::Last))
        }
        Some('/') => {
            chars.next();
            let pattern = delimited(chars, '/')?;
            let ignore = chars.next_if_eq(&'I').is_some();
            Ok(Some(Address::Match(sed_regex(&pattern, is_extended, ignore)?)))
        }
        _ => Ok(None),
    }
}

fn sed_script(script: &str, is_extended: bool) -> Result<Vec<SedCommand>, String> {
    let mut commands = Vec::new();
    let mut chars = script.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace() || *c == ';').is_some() {}
        if chars.peek().is_none() {
            return Ok(commands);
        }
        let from = sed_address(&mut chars, is_extended)?;
        let to = if from.is_some() && chars.next_if_eq(&',').is_some() {
            sed_address(&mut chars, is_extended)?
        } else {
            None
        };
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let negate = chars.next_if_eq(&'!').is_some();
        let action = match chars.next() {
            Some('s') => {
                let delimiter = chars.next().ok_or("unterminated `s'")?;
                let pattern = delimited(&mut chars, delimiter)?;
                let replacement = delimited(&mut chars, delimiter)?;
                let (mut global, mut print, mut ignore, mut nth) = (false, false, false, 1);
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric()) {
                    match c {
                        'g' => global = true,
                        'p' => print = true,
                        'i' | 'I' => ignore = true,
                        '1'..='9' => nth = c as usize - '0' as usize,
                        _ => return Err("bad option in substitution expression".into()),
                    }
                }
                Action::Substitute { regex: sed_regex(&pattern, is_extended, ignore)?, replacement, global, print, nth }
            }
            Some('y') => {
                let delimiter = chars.next().ok_or("unterminated `y'")?;
                let (a, b) = (delimited(&mut chars, delimiter)?, delimited(&mut chars, delimiter)?);
                let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
                if a.len() != b.len() {
                    return Err("strings for `y' command are different lengths".into());
                }
                Action::Translate(a, b)
            }
            Some('p') => Action::Print,
            Some('d') => Action::Delete,
            Some('q') => Action::Quit,
            Some('=') => Action::Number,
            Some(c @ ('i' | 'a' | 'c')) => {
                let mut text = String::new();
                for c in chars.by_ref() {
                    if c == '\n' {
                        break;
                    }
                    text.push(c);
                }
                let text = text.trim_start().trim_start_matches('\\').trim_start().to_string();
                match c {
                    'i' => Action::Insert(text),
                    'a' => Action::Append(text),
                    _ => Action::Change(text),
                }
            }
            Some(c) => return Err(format!("unsupported command {c}")),
            None => return Err("missing command".into()),
        };
        while chars.next_if(|c| *c == ' ' || *c == '\t').is_some() {}
        if chars.peek().is_some_and(|c| !matches!(c, ';' | '\n' | '}')) {
            let extra: String = chars.clone().collect();
            return Err(format!("extra characters after command: {extra}"));
        }
        commands.push(SedCommand { from, to, negate, action, active: false });
    }
}

fn sed_replace(found: &regex_lite::Captures<'_>, replacement: &str, out: &mut String) {
    let mut chars = replacement.chars();
    while let Some(c) = chars.next() {
        match c {
            '&' => out.push_str(&found[0]),
            '\\' => match chars.next() {
                Some(d) if d.is_ascii_digit() => {
                    let group = d as usize - '0' as usize;
                    out.push_str(found.get(group).map_or("", |m| m.as_str()));
                }
                Some('t') => out.push('\t'),
                Some(c) => out.push(c),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
}

/// `sed [-n] [-E|-r] [-e SCRIPT] [-i] [SCRIPT] [FILE…]` with the commands `s y p d q = i a c` and their addresses.
pub(crate) async fn sed(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "nErie:f:s");
    let is_extended = parsed.has('E') || parsed.has('r');
    let mut files = parsed.rest.clone();
    let mut script: Vec<String> = parsed.values('e').map(str::to_string).collect();
    if let Some(path) = parsed.value('f') {
        let path = path.to_string();
        match ctx.lines_of(&path).await {
            Some(lines) => script.extend(lines),
            None => return 1,
        }
    }
    if script.is_empty() {
        if files.is_empty() {
            ctx.warn("Usage: sed [-i] [-nrE] [-f FILE]... [-e CMD]... [FILE]...\n").await;
            return 1;
        }
        script.push(files.remove(0));
    }
    let mut commands = match sed_script(&script.join("\n"), is_extended) {
        Ok(commands) => commands,
        Err(message) => return ctx.fail(&message).await,
    };
    let in_place = parsed.has('i');
    if files.is_empty() {
        files.push("-".into());
    }
    let (mut status, mut number) = (0, 0);
    'files: for (f, path) in files.iter().enumerate() {
        let Some(fd) = ctx.input(path).await else {
            status = 1;
            continue;
        };
        if in_place {
            ctx.flush().await;
            number = 0;
        }
        let mut lines = Lines::new(&ctx.sys, fd);
        let mut ahead = lines.next().await;
        let mut out = String::new();
        let mut quit = false;
        loop {
            let line = match ahead {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(e) => {
                    status = ctx.fail(&format!("{path}: {e}")).await;
                    break;
                }
            };
            // `$` needs to know whether this is the last line; the newline is asked before reading ahead.
            let ended = lines.ended;
            let needs_last =
                commands.iter().any(|c| matches!(c.from, Some(Address::Last)) || matches!(c.to, Some(Address::Last)));
            ahead = if quit { Ok(None) } else { lines.next().await };
            number += 1;
            let last = needs_last && matches!(ahead, Ok(None)) && (in_place || f + 1 == files.len());
            let mut text = line;
            let (mut deleted, mut appended) = (false, String::new());
            for command in &mut commands {
                let hit = |address: &Address, text: &str| match address {
                    Address::Line(n) => *n == number,
                    Address::Last => last,
                    Address::Match(regex) => regex.is_match(text),
                };
                let selected = match (&command.from, &command.to) {
                    (None, _) => true,
                    (Some(from), None) => hit(from, &text),
                    (Some(from), Some(to)) => {
                        if command.active {
                            let ends = match to {
                                Address::Line(n) => *n <= number,
                                other => hit(other, &text),
                            };
                            command.active = !ends;
                            !matches!(to, Address::Line(n) if *n < number)
                        } else if hit(from, &text) {
                            command.active = !matches!(to, Address::Line(n) if *n <= number);
                            true
                        } else {
                            false
                        }
                    }
                };
                if selected == command.negate {
                    continue;
                }
                match &command.action {
                    Action::Substitute { regex, replacement, global, print, nth } => {
                        let mut done = String::new();
                        let (mut from, mut count, mut changed) = (0, 0, false);
                        for found in regex.captures_iter(&text) {
                            count += 1;
                            if count < *nth {
                                continue;
                            }
                            let whole = found.get(0).map_or(from..from, |m| m.range());
                            done.push_str(&text[from..whole.start]);
                            sed_replace(&found, replacement, &mut done);
                            from = whole.end;
                            changed = true;
                            if !global {
                                break;
                            }
                        }
                        if changed {
                            done.push_str(&text[from..]);
                            text = done;
                            if *print {
                                out.push_str(&format!("{text}\n"));
                            }
                        }
                    }
                    Action::Translate(a, b) => {
                        text = text.chars().map(|c| a.iter().position(|x| *x == c).map_or(c, |i| b[i])).collect();
                    }
                    Action::Print => out.push_str(&format!("{text}\n")),
                    Action::Number => out.push_str(&format!("{number}\n")),
                    Action::Insert(line) => out.push_str(&format!("{line}\n")),
                    Action::Append(line) => appended.push_str(&format!("{line}\n")),
                    Action::Change(line) => {
                        out.push_str(&format!("{line}\n"));
                        deleted = true;
                    }
                    Action::Delete => deleted = true,
                    Action::Quit => quit = true,
                }
                if deleted || quit {
                    break;
                }
            }
            if !deleted && !parsed.has('n') {
                out.push_str(&text);
                if ended || !appended.is_empty() {
                    out.push('\n');
                }
            }
            out.push_str(&appended);
            if !in_place {
                ctx.put(&std::mem::take(&mut out));
                if !ctx.drain().await {
                    return ctx.end(1).await;
                }
                if quit {
                    break 'files;
                }
            } else if quit {
                break;
            }
        }
        lines.close().await;
        if in_place && path != "-" {
            use crate::sys::flags::{O_CREAT, O_TRUNC, O_WRONLY};
            let written = match ctx.sys.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644).await {
                Ok(fd) => {
                    let written = ctx.sys.write_all(fd, &crate::text::encode(&out)).await;
                    ctx.sys.close(fd).await.and(written)
                }
                Err(e) => Err(e),
            };
            if let Err(e) = written {
                status = ctx.fail(&format!("{path}: {e}")).await;
            }
        }
    }
    ctx.end(status).await
}

/// One piece of what `awk` prints.
enum AwkItem {
    Field(usize),
    LastField,
    Count,
    Line,
    Text(String),
}

/// When an awk rule acts.
enum AwkWhen {
    Always,
    Match { field: usize, regex: Regex, negate: bool },
    Compare { item: AwkItem, op: String, right: String },
    End,
}

fn awk_items(text: &str) -> Option<Vec<Vec<AwkItem>>> {
    // Comma-separated expressions, each a concatenation.
    let mut all = Vec::new();
    let mut current = Vec::new();
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => {}
            ',' => {
                if current.is_empty() {
                    return None;
                }
                all.push(std::mem::take(&mut current));
            }
            '"' => {
                let mut text = String::new();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => text.push(match chars.next()? {
                            'n' => '\n',
                            't' => '\t',
                            c => c,
                        }),
                        c => text.push(c),
                    }
                }
                current.push(AwkItem::Text(text));
            }
            '$' => {
                let mut name = String::new();
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric()) {
                    name.push(c);
                }
                current.push(if name == "NF" { AwkItem::LastField } else { AwkItem::Field(name.parse().ok()?) });
            }
            c if c.is_ascii_digit() => {
                let mut text = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_ascii_digit() || *c == '.') {
                    text.push(c);
                }
                current.push(AwkItem::Text(text));
            }
            c if c.is_ascii_alphabetic() => {
                let mut name = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric()) {
                    name.push(c);
                }
                current.push(match name.as_str() {
                    "NF" => AwkItem::Count,
                    "NR" => AwkItem::Line,
                    _ => return None,
                });
            }
            _ => return None,
        }
    }
    if !current.is_empty() {
        all.push(current);
    }
    Some(all)
}

fn awk_rule(program: &str) -> Option<(AwkWhen, Vec<Vec<AwkItem>>)> {
    let program = program.trim();
    let (when, body) = match program.find('{') {
        Some(open) if !program[..open].contains('"') || program[..open].matches('"').count().is_multiple_of(2) => {
            let body = program[open + 1..].trim_end().strip_suffix('}')?;
            (program[..open].trim(), body)
        }
        _ => (program, "print"),
    };
    let body = body.trim().trim_end_matches(';').trim();
    let items = body.strip_prefix("print")?;
    if items.starts_with(|c: char| c.is_alphanumeric())
        || items.contains([';', '(', '>', '|', '+', '*']) && !items.contains('"')
    {
        return None;
    }
    let mut items = awk_items(items)?;
    if items.is_empty() {
        items.push(vec![AwkItem::Field(0)]);
    }
    let when = if when.is_empty() {
        AwkWhen::Always
    } else if when == "END" {
        AwkWhen::End
    } else if let Some(inner) = when.strip_prefix('/').and_then(|w| w.strip_suffix('/')) {
        AwkWhen::Match { field: 0, regex: extended(inner, false).ok()?, negate: false }
    } else {
        let op = ["==", "!=", "<=", ">=", "!~", "~", "<", ">"].into_iter().find(|op| when.contains(op))?;
        let (left, right) = when.split_once(op)?;
        let item = awk_items(left)?.pop()?.pop()?;
        let right = right.trim();
        if op.contains('~') {
            let pattern = right.strip_prefix('/')?.strip_suffix('/')?;
            let AwkItem::Field(field) = item else {
                return None;
            };
            AwkWhen::Match { field, regex: extended(pattern, false).ok()?, negate: op == "!~" }
        } else {
            let right = right.strip_prefix('"').and_then(|r| r.strip_suffix('"')).unwrap_or(right).to_string();
            AwkWhen::Compare { item, op: op.to_string(), right }
        }
    };
    Some((when, items))
}

/// `awk [-F SEP] '[PATTERN] { print $N, "text", … }' [FILE…]`: one rule; anything more is refused.
pub(crate) async fn awk(mut ctx: Ctx) -> i32 {
    let parsed = match Parsed::new(&ctx.argv[1..], "F:v:", false) {
        Ok(parsed) => parsed,
        Err(message) => return ctx.fail(&message).await,
    };
    let [program, files @ ..] = parsed.rest.as_slice() else {
        ctx.warn("Usage: awk [-F SEP] 'PATTERN { print $N }' [FILE]...\n").await;
        return 1;
    };
    let Some((when, items)) = awk_rule(program).filter(|_| !parsed.has('v')) else {
        let text = format!("not supported by kloom's awk, which knows one rule `PATTERN {{ print … }}`: {program}");
        return ctx.fail(&text).await + 1;
    };
    let separator = match parsed.value('F') {
        None | Some(" ") => None,
        Some("\\t" | "t") => Some(Regex::new("\t")),
        Some(text) if text.chars().count() == 1 => Some(Regex::new(&regex_lite::escape(text))),
        Some(text) => Some(Regex::new(&translate_extended(text))),
    };
    let separator = match separator.transpose() {
        Ok(separator) => separator,
        Err(_) => return ctx.fail("bad field separator").await,
    };
    let files = if files.is_empty() { vec!["-".to_string()] } else { files.to_vec() };
    let (mut number, mut status, mut last) = (0usize, 0, String::new());
    let show = |item: &AwkItem, line: &str, fields: &[&str], number: usize| match item {
        AwkItem::Field(0) => line.to_string(),
        AwkItem::Field(n) => fields.get(n - 1).copied().unwrap_or_default().to_string(),
        AwkItem::LastField => fields.last().copied().unwrap_or(line).to_string(),
        AwkItem::Count => fields.len().to_string(),
        AwkItem::Line => number.to_string(),
        AwkItem::Text(text) => text.clone(),
    };
    let split = |line: &str| -> Vec<String> {
        match &separator {
            None => line.split_whitespace().map(str::to_string).collect(),
            Some(_) if line.is_empty() => Vec::new(),
            Some(regex) => regex.split(line).map(str::to_string).collect(),
        }
    };
    let print = |line: &str, number: usize| {
        let owned = split(line);
        let fields: Vec<&str> = owned.iter().map(String::as_str).collect();
        let texts: Vec<String> =
            items.iter().map(|parts| parts.iter().map(|p| show(p, line, &fields, number)).collect()).collect();
        format!("{}\n", texts.join(" "))
    };
    for path in files {
        let Some(fd) = ctx.input(&path).await else {
            status = 2;
            continue;
        };
        let mut lines = Lines::new(&ctx.sys, fd);
        loop {
            let line = match lines.next().await {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(Errno::EINTR) => continue,
                Err(e) => {
                    ctx.fail(&format!("{path}: {e}")).await;
                    status = 2;
                    break;
                }
            };
            number += 1;
            let acts = match &when {
                AwkWhen::Always => true,
                AwkWhen::End => false,
                AwkWhen::Match { field, regex, negate } => {
                    let owned = split(&line);
                    let text = match field {
                        0 => line.as_str(),
                        n => owned.get(n - 1).map_or("", String::as_str),
                    };
                    regex.is_match(text) != *negate
                }
                AwkWhen::Compare { item, op, right } => {
                    let owned = split(&line);
                    let fields: Vec<&str> = owned.iter().map(String::as_str).collect();
                    let left = show(item, &line, &fields, number);
                    let order = match (left.parse::<f64>(), right.parse::<f64>()) {
                        (Ok(a), Ok(b)) => a.total_cmp(&b),
                        _ => left.as_str().cmp(right),
                    };
                    match op.as_str() {
                        "==" => order.is_eq(),
                        "!=" => order.is_ne(),
                        "<=" => order.is_le(),
                        ">=" => order.is_ge(),
                        "<" => order.is_lt(),
                        _ => order.is_gt(),
                    }
                }
            };
            if acts {
                ctx.put(&print(&line, number));
                if !ctx.drain().await {
                    return ctx.end(1).await;
                }
            }
            last = line;
        }
        lines.close().await;
    }
    if matches!(when, AwkWhen::End) {
        ctx.put(&print(&last, number));
    }
    ctx.end(status).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_expressions() {
        let yes = |pattern: &str, text: &str| basic(pattern, false).is_ok_and(|r| r.is_match(text));
        assert!(yes("a+b", "a+b"));
        assert!(!yes("a+b", "aab"));
        assert!(yes("a\\+b", "aab"));
        assert!(yes("\\(ab\\)*c", "ababc"));
        assert!(yes("^\\[ *[0-9.]*\\]", "[    1.000000] x"));
        assert!(yes("*x", "*x"));
        assert!(yes("a|b", "a|b"));
        assert!(yes("[]x]", "]"));
        assert!(yes("[[:digit:]]\\{3\\}", "abc123"));
        assert!(yes("price$", "the price"));
        assert!(yes("a$b", "a$b"));
        assert!(yes("[", "["));
    }

    #[test]
    fn scripts_of_sed() {
        assert!(sed_script("s/a/b/g;2,/x/d", false).is_ok());
        assert!(sed_script("s/a/b", false).is_err());
        assert!(sed_script("N", false).is_err());
        assert!(sed_script("/[/]/p", false).is_ok());
    }

    #[test]
    fn rules_of_awk() {
        assert!(awk_rule("{print $1}").is_some());
        assert!(awk_rule("/re/ {print $1, $NF}").is_some());
        assert!(awk_rule("$2 == \"x\" {print \"a\" $1}").is_some());
        assert!(awk_rule("END {print NR}").is_some());
        assert!(awk_rule("{sum += $1} END {print sum}").is_none());
        assert!(awk_rule("BEGIN{x=1}").is_none());
    }
}
