//! Commands that mostly print: `cat echo printf yes seq expr basename dirname od hexdump true false`.

use super::{Ctx, Parsed, base_name, options};
use crate::sys::Errno;
use crate::text;

pub(crate) async fn yes_status(_: Ctx) -> i32 {
    0
}

pub(crate) async fn no_status(_: Ctx) -> i32 {
    1
}

/// `cat [-n] [-b] [-A] [FILE…]`: every piece is written as it is read.
pub(crate) async fn cat(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "nbAvetuE");
    let files = if parsed.rest.is_empty() { vec!["-".to_string()] } else { parsed.rest.clone() };
    let plain = !"nbAvetE".chars().any(|l| parsed.has(l));
    let (mut status, mut number, mut at_start) = (0, 0, true);
    for path in files {
        let fd = if path == "-" {
            0
        } else {
            match ctx.sys.open(&path, 0, 0).await {
                Ok(fd) => fd,
                Err(e) => {
                    status = ctx.fail(&format!("can't open '{path}': {e}")).await;
                    continue;
                }
            }
        };
        loop {
            let bytes = match ctx.sys.read(fd, 4096).await {
                Ok(bytes) if bytes.is_empty() => break,
                Ok(bytes) => bytes,
                Err(Errno::EINTR) => continue,
                Err(e) => {
                    status = ctx.fail(&format!("read error: {e}")).await;
                    break;
                }
            };
            if plain {
                ctx.put_bytes(&bytes);
            }
            for &b in if plain { &[][..] } else { &bytes } {
                if at_start && (parsed.has('n') || (parsed.has('b') && b != b'\n')) {
                    number += 1;
                    ctx.put(&format!("{number:>6}\t"));
                }
                at_start = b == b'\n';
                let show_all = parsed.has('A') || parsed.has('v') || parsed.has('e') || parsed.has('t');
                match b {
                    b'\n' if parsed.has('A') || parsed.has('e') || parsed.has('E') => ctx.put("$\n"),
                    b'\t' if parsed.has('A') || parsed.has('t') => ctx.put("^I"),
                    b'\n' | b'\t' => ctx.put_bytes(&[b]),
                    _ if show_all => ctx.put(&visible(b)),
                    _ => ctx.put_bytes(&[b]),
                }
            }
            if !ctx.flush().await {
                return ctx.end(1).await;
            }
        }
        if fd != 0 {
            let _ = ctx.sys.close(fd).await;
        }
    }
    ctx.end(status).await
}

/// `^X` and `M-` notation.
fn visible(b: u8) -> String {
    let (prefix, low) = if b >= 0x80 { ("M-", b & 0x7f) } else { ("", b) };
    match low {
        0..0x20 => format!("{prefix}^{}", char::from(low + 64)),
        0x7f => format!("{prefix}^?"),
        _ => format!("{prefix}{}", char::from(low)),
    }
}

/// Backslash escapes of `echo -e`, `printf` and `%b`; `octal_zero`: octal needs a leading 0. The bool is `\c`.
fn unescape(text: &str, octal_zero: bool) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.extend(text::encode(c.encode_utf8(&mut [0; 4])));
            continue;
        }
        let Some(&next) = chars.peek() else {
            out.push(b'\\');
            break;
        };
        let simple = match next {
            'a' => Some(7),
            'b' => Some(8),
            'e' => Some(27),
            'f' => Some(12),
            'n' => Some(b'\n'),
            'r' => Some(b'\r'),
            't' => Some(b'\t'),
            'v' => Some(11),
            '\\' => Some(b'\\'),
            _ => None,
        };
        if let Some(byte) = simple {
            chars.next();
            out.push(byte);
        } else if next == 'c' {
            return (out, true);
        } else if next == 'x' {
            chars.next();
            let mut value = 0u32;
            let mut digits = 0;
            while let Some(d) = chars.peek().and_then(|c| c.to_digit(16)).filter(|_| digits < 2) {
                value = value * 16 + d;
                digits += 1;
                chars.next();
            }
            if digits == 0 { out.extend(b"\\x") } else { out.push(value as u8) }
        } else if next.is_digit(8) && (!octal_zero || next == '0') {
            let most = if next == '0' && octal_zero { 4 } else { 3 };
            let (mut value, mut digits) = (0u32, 0);
            while let Some(d) = chars.peek().and_then(|c| c.to_digit(8)).filter(|_| digits < most) {
                value = value * 8 + d;
                digits += 1;
                chars.next();
            }
            out.push(value as u8);
        } else {
            out.push(b'\\');
        }
    }
    (out, false)
}

/// `echo [-n] [-e] [-E] TEXT…` (busybox: escapes only with -e).
pub(crate) async fn echo(mut ctx: Ctx) -> i32 {
    let (mut newline, mut escapes, mut first) = (true, false, 1);
    while let Some(arg) = ctx.argv.get(first) {
        if arg.len() < 2 || !arg.starts_with('-') || !arg[1..].chars().all(|c| "neE".contains(c)) {
            break;
        }
        for c in arg[1..].chars() {
            match c {
                'n' => newline = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        first += 1;
    }
    let line = ctx.argv[first..].join(" ");
    if escapes {
        let (bytes, stop) = unescape(&line, true);
        ctx.put_bytes(&bytes);
        newline &= !stop;
    } else {
        ctx.put(&line);
    }
    if newline {
        ctx.put("\n");
    }
    ctx.end(0).await
}

/// An integer as `printf %d` takes it: decimal, 0x, 0, or 'c for a character.
fn printf_integer(text: &str) -> Result<i64, ()> {
    let trimmed = text.trim_start();
    if let Some(c) = trimmed.strip_prefix(['\'', '"']) {
        return Ok(c.chars().next().map_or(0, |c| i64::from(u32::from(c))));
    }
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let value = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        u64::from_str_radix(hex, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        u64::from_str_radix(&digits[1..], 8)
    } else if digits.is_empty() {
        Ok(0)
    } else {
        digits.parse()
    };
    let value = value.map_err(|_| ())? as i64;
    Ok(if negative { value.wrapping_neg() } else { value })
}

fn pad(text: &str, width: usize, left: bool, zero: bool) -> String {
    let count = text.chars().count();
    if count >= width {
        return text.to_string();
    }
    let fill = width - count;
    if left {
        format!("{text}{}", " ".repeat(fill))
    } else if zero {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text),
        };
        format!("{sign}{}{digits}", "0".repeat(fill))
    } else {
        format!("{}{text}", " ".repeat(fill))
    }
}

/// `printf FORMAT [ARG…]`.
pub(crate) async fn printf(mut ctx: Ctx) -> i32 {
    let args = ctx.argv[1..].to_vec();
    let args = if args.first().is_some_and(|a| a == "--") { &args[1..] } else { &args[..] };
    let Some((format, args)) = args.split_first() else {
        ctx.warn("Usage: printf FORMAT [ARG]...\n").await;
        return 1;
    };
    let format: Vec<char> = format.chars().collect();
    let (mut next, mut status) = (0, 0);
    loop {
        let used_before = next;
        let mut i = 0;
        let mut literal = String::new();
        while i < format.len() {
            if format[i] == '\\' {
                literal.push('\\');
                if let Some(&c) = format.get(i + 1) {
                    literal.push(c);
                }
                i += 2;
                continue;
            }
            if format[i] != '%' {
                literal.push(format[i]);
                i += 1;
                continue;
            }
            if format.get(i + 1) == Some(&'%') {
                literal.push('%');
                i += 2;
                continue;
            }
            let (bytes, stop) = unescape(&std::mem::take(&mut literal), false);
            ctx.put_bytes(&bytes);
            if stop {
                return ctx.end(status).await;
            }
            i += 1;
            let (mut left, mut zero, mut plus, mut space, mut alternate) = (false, false, false, false, false);
            while let Some(c) = format.get(i).filter(|c| "-0+ #".contains(**c)) {
                match c {
                    '-' => left = true,
                    '0' => zero = true,
                    '+' => plus = true,
                    ' ' => space = true,
                    _ => alternate = true,
                }
                i += 1;
            }
            let number = |i: &mut usize, next: &mut usize| -> Option<i64> {
                if format.get(*i) == Some(&'*') {
                    *i += 1;
                    let value = args.get(*next).map_or(Ok(0), |a| printf_integer(a)).unwrap_or(0);
                    *next += 1;
                    return Some(value);
                }
                let start = *i;
                while format.get(*i).is_some_and(char::is_ascii_digit) {
                    *i += 1;
                }
                format[start..*i].iter().collect::<String>().parse().ok()
            };
            let mut width = number(&mut i, &mut next).unwrap_or(0);
            if width < 0 {
                left = true;
                width = -width;
            }
            // Nobody wants a megabyte of blanks.
            let width = width.min(65536) as usize;
            let mut precision = None;
            if format.get(i) == Some(&'.') {
                i += 1;
                precision = Some(number(&mut i, &mut next).unwrap_or(0).clamp(0, 65536) as usize);
            }
            while format.get(i).is_some_and(|c| "lhjzqL".contains(*c)) {
                i += 1;
            }
            let Some(&kind) = format.get(i) else {
                return ctx.fail("%: invalid format").await;
            };
            i += 1;
            let arg = args.get(next).cloned();
            next += 1;
            let text = match kind {
                's' | 'b' | 'c' => {
                    let arg = arg.unwrap_or_default();
                    let (mut text, mut stop) = (arg, false);
                    if kind == 'b' {
                        let (bytes, stopped) = unescape(&text, true);
                        text = text::decode(&bytes);
                        stop = stopped;
                    }
                    let most = if kind == 'c' { Some(1) } else { precision };
                    let text: String = text.chars().take(most.unwrap_or(usize::MAX)).collect();
                    if stop {
                        ctx.put(&pad(&text, width, left, false));
                        return ctx.end(status).await;
                    }
                    pad(&text, width, left, false)
                }
                'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
                    let arg = arg.unwrap_or_default();
                    let value = match printf_integer(&arg) {
                        Ok(value) => value,
                        Err(()) => {
                            status = ctx.fail(&format!("invalid number '{arg}'")).await;
                            0
                        }
                    };
                    let mut digits = match kind {
                        'd' | 'i' => value.unsigned_abs().to_string(),
                        'u' => (value as u64).to_string(),
                        'x' => format!("{value:x}"),
                        'X' => format!("{value:X}"),
                        _ => format!("{value:o}"),
                    };
                    if let Some(least) = precision {
                        digits = pad(&digits, least, false, true);
                    }
                    if alternate && value != 0 {
                        let prefix = match kind {
                            'x' => "0x",
                            'X' => "0X",
                            'o' => "0",
                            _ => "",
                        };
                        digits.insert_str(0, prefix);
                    }
                    let signed = matches!(kind, 'd' | 'i');
                    if signed && value < 0 {
                        digits.insert(0, '-');
                    } else if signed && plus {
                        digits.insert(0, '+');
                    } else if signed && space {
                        digits.insert(0, ' ');
                    }
                    pad(&digits, width, left, zero && precision.is_none())
                }
                'f' | 'F' | 'g' | 'G' | 'e' | 'E' => {
                    let arg = arg.unwrap_or_default();
                    let value = match arg.trim() {
                        "" => 0.0,
                        text => match text.parse::<f64>() {
                            Ok(value) => value,
                            Err(_) => {
                                status = ctx.fail(&format!("invalid number '{arg}'")).await;
                                0.0
                            }
                        },
                    };
                    let text = match kind {
                        'f' | 'F' => format!("{value:.*}", precision.unwrap_or(6)),
                        'g' | 'G' => format!("{value}"),
                        _ => {
                            let text = format!("{value:.*e}", precision.unwrap_or(6));
                            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                            let exponent: i32 = exponent.parse().unwrap_or(0);
                            let sign = if exponent < 0 { '-' } else { '+' };
                            format!("{mantissa}e{sign}{:02}", exponent.abs())
                        }
                    };
                    pad(&text, width, left, zero)
                }
                other => {
                    return ctx.fail(&format!("%{other}: invalid format")).await;
                }
            };
            ctx.put(&text);
        }
        let (bytes, stop) = unescape(&literal, false);
        ctx.put_bytes(&bytes);
        // The format is used again as long as arguments are left and it takes any.
        if stop || next >= args.len() || next == used_before || !ctx.drain().await {
            return ctx.end(status).await;
        }
    }
}

/// `yes [TEXT…]`, until nobody reads any more.
pub(crate) async fn yes(mut ctx: Ctx) -> i32 {
    let words = ctx.argv[1..].join(" ");
    let line = if words.is_empty() { "y\n".to_string() } else { format!("{words}\n") };
    loop {
        ctx.put(&line);
        if !ctx.drain().await {
            return ctx.end(1).await;
        }
    }
}

/// `seq [-s SEP] [-w] [FIRST [STEP]] LAST`; integers and decimal fractions.
pub(crate) async fn seq(mut ctx: Ctx) -> i32 {
    let mut args = ctx.argv[1..].to_vec();
    let (mut separator, mut wide) = ("\n".to_string(), false);
    while let Some(first) = args.first().cloned() {
        match first.as_str() {
            "-w" => wide = true,
            "-s" if args.len() > 1 => separator = args.remove(1),
            _ => break,
        }
        args.remove(0);
    }
    let places = args.iter().map(|a| a.split_once('.').map_or(0, |(_, f)| f.len())).max().unwrap_or(0).min(9);
    let scale = 10f64.powi(places as i32);
    let mut numbers = Vec::new();
    for arg in &args {
        match arg.parse::<f64>() {
            Ok(n) if n.is_finite() => numbers.push((n * scale).round() as i64),
            _ => return ctx.fail(&format!("invalid number '{arg}'")).await,
        }
    }
    let one = scale as i64;
    let (first, step, last) = match numbers[..] {
        [last] => (one, one, last),
        [first, last] => (first, one, last),
        [first, step, last] => (first, step, last),
        _ => {
            ctx.warn("Usage: seq [-w] [-s SEP] [FIRST [INC]] LAST\n").await;
            return 1;
        }
    };
    if step == 0 {
        return ctx.fail("increment is 0").await;
    }
    let show = |n: i64| {
        if places == 0 {
            return n.to_string();
        }
        let sign = if n < 0 { "-" } else { "" };
        let n = n.unsigned_abs();
        format!("{sign}{}.{:0places$}", n / one as u64, n % one as u64)
    };
    let width = if wide { show(first).len().max(show(last).len()) } else { 0 };
    let mut n = first;
    let mut any = false;
    while if step > 0 { n <= last } else { n >= last } {
        if any {
            ctx.put(&separator);
        }
        any = true;
        ctx.put(&pad(&show(n), width, false, true));
        if !ctx.drain().await {
            break;
        }
        let Some(following) = n.checked_add(step) else {
            break;
        };
        n = following;
    }
    if any {
        ctx.put("\n");
    }
    ctx.end(0).await
}

/// `basename PATH [SUFFIX]`.
pub(crate) async fn basename(mut ctx: Ctx) -> i32 {
    let Some(path) = ctx.argv.get(1) else {
        ctx.warn("Usage: basename FILE [SUFFIX]\n").await;
        return 1;
    };
    let mut name = base_name(path).to_string();
    if let Some(cut) = ctx.argv.get(2).and_then(|s| name.strip_suffix(s.as_str())).filter(|c| !c.is_empty()) {
        name = cut.to_string();
    }
    ctx.put(&format!("{name}\n"));
    ctx.end(0).await
}

/// `dirname PATH`.
pub(crate) async fn dirname(mut ctx: Ctx) -> i32 {
    let Some(path) = ctx.argv.get(1) else {
        ctx.warn("Usage: dirname FILENAME\n").await;
        return 1;
    };
    let trimmed = path.trim_end_matches('/');
    let dir = match trimmed.rfind('/') {
        None if trimmed.is_empty() && !path.is_empty() => "/",
        None => ".",
        Some(i) => match trimmed[..i].trim_end_matches('/') {
            "" => "/",
            dir => dir,
        },
    }
    .to_string();
    ctx.put(&format!("{dir}\n"));
    ctx.end(0).await
}

/// `expr`: integers, comparisons, `:`, `length`, `substr`, `index`, `|`, `&`.
pub(crate) async fn expr(mut ctx: Ctx) -> i32 {
    let args = ctx.argv[1..].to_vec();
    let mut words = Expr { args: &args, pos: 0, depth: 0 };
    let value = words.level(0);
    match value {
        Ok(value) if words.pos == args.len() => {
            ctx.put(&format!("{value}\n"));
            ctx.end(i32::from(value.is_empty() || value == "0")).await
        }
        Ok(_) => ctx.fail("syntax error").await + 1,
        Err(message) => ctx.fail(&message).await + 1,
    }
}

struct Expr<'a> {
    args: &'a [String],
    pos: usize,
    depth: usize,
}

impl Expr<'_> {
    const LEVELS: [&'static [&'static str]; 6] =
        [&["|"], &["&"], &["=", "==", "!=", "<", "<=", ">", ">="], &["+", "-"], &["*", "/", "%"], &[":"]];

    fn level(&mut self, level: usize) -> Result<String, String> {
        let Some(ops) = Self::LEVELS.get(level) else {
            return self.primary();
        };
        let mut left = self.level(level + 1)?;
        while let Some(op) = self.args.get(self.pos).filter(|a| ops.contains(&a.as_str())).cloned() {
            self.pos += 1;
            let right = self.level(level + 1)?;
            left = Self::apply(&op, left, right)?;
        }
        Ok(left)
    }

    fn apply(op: &str, left: String, right: String) -> Result<String, String> {
        let null = |s: &str| s.is_empty() || s == "0";
        let numbers = (left.parse::<i64>(), right.parse::<i64>());
        Ok(match op {
            "|" => {
                if null(&left) {
                    right
                } else {
                    left
                }
            }
            "&" => {
                if null(&left) || null(&right) {
                    "0".into()
                } else {
                    left
                }
            }
            ":" => {
                let regex = super::grep::basic(&format!("^{right}"), false)?;
                match regex.captures(&left) {
                    Some(found) if regex.captures_len() > 1 => found.get(1).map_or("", |m| m.as_str()).to_string(),
                    Some(found) => found[0].chars().count().to_string(),
                    None => {
                        if regex.captures_len() > 1 {
                            String::new()
                        } else {
                            "0".into()
                        }
                    }
                }
            }
            "+" | "-" | "*" | "/" | "%" => {
                let (Ok(a), Ok(b)) = numbers else {
                    return Err("non-numeric argument".into());
                };
                match op {
                    "+" => a.wrapping_add(b),
                    "-" => a.wrapping_sub(b),
                    "*" => a.wrapping_mul(b),
                    _ if b == 0 => return Err("division by zero".into()),
                    "/" => a.wrapping_div(b),
                    _ => a.wrapping_rem(b),
                }
                .to_string()
            }
            _ => {
                let order = match numbers {
                    (Ok(a), Ok(b)) => a.cmp(&b),
                    _ => left.cmp(&right),
                };
                let yes = match op {
                    "=" | "==" => order.is_eq(),
                    "!=" => order.is_ne(),
                    "<" => order.is_lt(),
                    "<=" => order.is_le(),
                    ">" => order.is_gt(),
                    _ => order.is_ge(),
                };
                i32::from(yes).to_string()
            }
        })
    }

    fn primary(&mut self) -> Result<String, String> {
        self.depth += 1;
        if self.depth > 200 {
            return Err("syntax error".into());
        }
        let Some(word) = self.args.get(self.pos).cloned() else {
            return Err("syntax error".into());
        };
        self.pos += 1;
        match word.as_str() {
            "(" => {
                let value = self.level(0)?;
                if self.args.get(self.pos).map(String::as_str) != Some(")") {
                    return Err("syntax error".into());
                }
                self.pos += 1;
                Ok(value)
            }
            "length" if self.pos < self.args.len() => Ok(self.primary()?.chars().count().to_string()),
            "index" if self.pos + 1 < self.args.len() => {
                let (text, set) = (self.primary()?, self.primary()?);
                Ok(text.chars().position(|c| set.contains(c)).map_or(0, |i| i + 1).to_string())
            }
            "substr" if self.pos + 2 < self.args.len() => {
                let (text, from, count) = (self.primary()?, self.primary()?, self.primary()?);
                let (from, count) = (from.parse::<usize>().unwrap_or(0), count.parse::<usize>().unwrap_or(0));
                if from == 0 {
                    return Ok(String::new());
                }
                Ok(text.chars().skip(from - 1).take(count).collect())
            }
            _ => Ok(word),
        }
    }
}

/// All bytes of the operands, or of stdin.
async fn slurp(ctx: &mut Ctx, files: &[String]) -> (Vec<u8>, i32) {
    let (mut all, mut status) = (Vec::new(), 0);
    let stdin = ["-".to_string()];
    for path in if files.is_empty() { &stdin } else { files } {
        let Some(fd) = ctx.input(path).await else {
            status = 1;
            continue;
        };
        match ctx.sys.read_to_end(fd).await {
            Ok(bytes) => all.extend(bytes),
            Err(e) => status = ctx.fail(&format!("{path}: {e}")).await,
        }
        if fd != 0 {
            let _ = ctx.sys.close(fd).await;
        }
    }
    (all, status)
}

/// `od [-A RADIX] [-t TYPE] [-c] [-b] [-x] [-d] [-N COUNT] [-j SKIP] [-v]`.
pub(crate) async fn od(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "A:t:cbxdoN:j:v");
    let (bytes, status) = slurp(&mut ctx, &parsed.rest).await;
    let skip = parsed.value('j').and_then(|n| n.parse::<usize>().ok()).unwrap_or(0).min(bytes.len());
    let count = parsed.value('N').and_then(|n| n.parse::<usize>().ok()).unwrap_or(usize::MAX);
    let data: Vec<u8> = bytes[skip..].iter().copied().take(count).collect();
    let kind = match parsed.value('t') {
        Some(kind) => kind.to_string(),
        None if parsed.has('c') => "c".into(),
        None if parsed.has('b') => "o1".into(),
        None if parsed.has('x') => "x2".into(),
        None if parsed.has('d') => "u2".into(),
        None => "o2".into(),
    };
    let letter = kind.chars().next().unwrap_or('o');
    let size = match kind[1..].trim_end_matches('z') {
        "1" | "C" => 1,
        "2" | "S" => 2,
        "8" | "L" => 8,
        "4" | "I" => 4,
        _ if letter == 'c' || letter == 'a' => 1,
        _ => 4,
    };
    let address = |n: usize| match parsed.value('A') {
        Some("n") => String::new(),
        Some("d") => format!("{n:07}"),
        Some("x") => format!("{n:06x}"),
        _ => format!("{n:07o}"),
    };
    let mut last: Option<&[u8]> = None;
    let mut starred = false;
    for (i, row) in data.chunks(16).enumerate() {
        if last == Some(row) && !parsed.has('v') {
            if !starred {
                ctx.put("*\n");
            }
            starred = true;
            continue;
        }
        starred = false;
        last = Some(row);
        ctx.put(&address(skip + i * 16));
        for unit in row.chunks(size) {
            let value = unit.iter().rev().fold(0u64, |n, &b| n << 8 | u64::from(b));
            let text = match letter {
                'c' => format!(" {:>3}", char_name(unit[0])),
                'x' => format!(" {value:0width$x}", width = size * 2),
                'u' => format!(" {value:>width$}", width = [3, 5, 0, 10, 0, 0, 0, 20][size - 1]),
                'd' => {
                    let shift = 64 - size as u32 * 8;
                    let signed = ((value << shift) as i64) >> shift;
                    format!(" {signed:>width$}", width = [4, 6, 0, 11, 0, 0, 0, 20][size - 1])
                }
                _ => format!(" {value:0width$o}", width = [3, 6, 0, 11, 0, 0, 0, 22][size - 1]),
            };
            ctx.put(&text);
        }
        ctx.put("\n");
    }
    if parsed.value('A') != Some("n") {
        ctx.put(&format!("{}\n", address(skip + data.len())));
    }
    ctx.end(status).await
}

fn char_name(b: u8) -> String {
    match b {
        0 => "\\0".into(),
        7 => "\\a".into(),
        8 => "\\b".into(),
        9 => "\\t".into(),
        10 => "\\n".into(),
        11 => "\\v".into(),
        12 => "\\f".into(),
        13 => "\\r".into(),
        0x20..0x7f => char::from(b).to_string(),
        _ => format!("{b:03o}"),
    }
}

/// `hexdump [-C] [-n COUNT] [-s SKIP] [-v]`; `hd` is `hexdump -C`.
pub(crate) async fn hexdump(mut ctx: Ctx) -> i32 {
    let parsed = match Parsed::new(&ctx.argv[1..], "Cn:s:vx", true) {
        Ok(parsed) => parsed,
        Err(message) => return ctx.fail(&message).await,
    };
    let canonical = parsed.has('C') || base_name(&ctx.argv[0]) == "hd";
    let (bytes, status) = slurp(&mut ctx, &parsed.rest).await;
    let skip = parsed.value('s').and_then(|n| n.parse::<usize>().ok()).unwrap_or(0).min(bytes.len());
    let count = parsed.value('n').and_then(|n| n.parse::<usize>().ok()).unwrap_or(usize::MAX);
    let data: Vec<u8> = bytes[skip..].iter().copied().take(count).collect();
    let mut last: Option<&[u8]> = None;
    let mut starred = false;
    for (i, row) in data.chunks(16).enumerate() {
        if last == Some(row) && !parsed.has('v') {
            if !starred {
                ctx.put("*\n");
            }
            starred = true;
            continue;
        }
        starred = false;
        last = Some(row);
        let at = skip + i * 16;
        if canonical {
            let mut hex = String::new();
            for k in 0..16 {
                if k == 8 {
                    hex.push(' ');
                }
                match row.get(k) {
                    Some(b) => hex.push_str(&format!("{b:02x} ")),
                    None => hex.push_str("   "),
                }
            }
            let shown: String =
                row.iter().map(|&b| if (0x20..0x7f).contains(&b) { char::from(b) } else { '.' }).collect();
            ctx.put(&format!("{at:08x}  {hex} |{shown}|\n"));
        } else {
            let words: Vec<String> = row
                .chunks(2)
                .map(|w| format!("{:04x}", u16::from(w[0]) | w.get(1).map_or(0, |&b| u16::from(b) << 8)))
                .collect();
            ctx.put(&format!("{at:07x} {:<39}\n", words.join(" ")));
        }
    }
    if !data.is_empty() {
        let end = skip + data.len();
        ctx.put(&if canonical { format!("{end:08x}\n") } else { format!("{end:07x}\n") });
    }
    ctx.end(status).await
}
