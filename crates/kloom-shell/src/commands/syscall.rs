//! Calls that no ordinary command makes: `syscall ioctl`. Both are kloom's own.

use super::{Ctx, options};
use crate::sys::{Argument, Errno, Syscall, flags};
use crate::text;

/// Most arguments of a system call here.
const ARGUMENTS_MAX: usize = 4;

/// `syscall NAME [ARGUMENT]...`: makes a system call that a module provides and shows what it returned, as strace does.
/// Numbers (`7`, `-1`, `0x10`) are passed as such, other arguments as the address of the text.
pub(crate) async fn syscall(mut ctx: Ctx) -> i32 {
    let words: Vec<String> = ctx.argv.drain(1..).collect();
    let Some((name, args)) = words.split_first() else {
        return ctx.fail("usage: syscall NAME [ARGUMENT]...").await;
    };
    if args.len() > ARGUMENTS_MAX {
        return ctx.fail(&format!("at most {ARGUMENTS_MAX} arguments")).await;
    }
    let values = args.iter().map(|arg| argument(arg)).collect();
    let shown: Vec<String> = args
        .iter()
        .map(|arg| if number(arg).is_some() { arg.clone() } else { format!("\"{}\"", arg.escape_debug()) })
        .collect();
    let call = format!("{name}({})", shown.join(", "));
    let (result, status) = match ctx.sys.custom(name, values).await {
        Ok(ret) if (-4095..0).contains(&ret) => (failed(Errno(ret.unsigned_abs() as i32)), 1),
        Ok(ret) => (ret.to_string(), 0),
        Err(error) => (failed(error), 1),
    };
    ctx.put(&format!("{call} = {result}\n"));
    ctx.end(status).await
}

/// `ioctl FILE COMMAND [TEXT]`: opens the file and makes one ioctl; the argument is the address of the text.
pub(crate) async fn ioctl(mut ctx: Ctx) -> i32 {
    let parsed = options!(ctx, "");
    let [path, command, rest @ ..] = parsed.rest.as_slice() else {
        return ctx.fail("usage: ioctl FILE COMMAND [TEXT]").await;
    };
    let Some(cmd) = number(command) else {
        return ctx.fail(&format!("invalid command '{command}'")).await;
    };
    let mut fd = ctx.sys.open(path, flags::O_RDWR, 0).await;
    if fd == Err(Errno::EACCES) {
        fd = ctx.sys.open(path, flags::O_RDONLY, 0).await;
    }
    let fd = match fd {
        Ok(fd) => fd,
        Err(error) => return ctx.fail(&format!("can't open '{path}': {error}")).await,
    };
    let mut arg = rest.first().map(|text| text::encode(text)).unwrap_or_default();
    if !arg.is_empty() {
        arg.push(0);
    }
    let sent = arg.clone();
    let result = ctx.sys.ioctl(fd, cmd, arg).await;
    // The file goes with the command anyway.
    let _ = ctx.sys.unit(Syscall::Close { fd }).await;
    let (result, status) = match result {
        Ok((ret, after)) if after != sent => {
            let end = after.iter().position(|&byte| byte == 0).unwrap_or(after.len());
            (format!("{ret}, \"{}\"", text::decode(&after[..end]).escape_debug()), 0)
        }
        Ok((ret, _)) => (ret.to_string(), 0),
        Err(error) => (failed(error), 1),
    };
    ctx.put(&format!("ioctl({path}, {command}) = {result}\n"));
    ctx.end(status).await
}

fn failed(error: Errno) -> String {
    format!("-1 {} ({error})", error.name().map_or_else(|| error.0.to_string(), str::to_string))
}

fn argument(arg: &str) -> Argument {
    number(arg).map_or_else(|| Argument::Text(text::encode(arg)), Argument::Number)
}

/// A decimal or hexadecimal number with an optional sign.
fn number(arg: &str) -> Option<u64> {
    let (negative, digits) = arg.strip_prefix('-').map_or((false, arg), |rest| (true, rest));
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some(if negative { value.wrapping_neg() } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_text() {
        let cases: [(&str, Option<u64>); 8] = [
            ("0", Some(0)),
            ("42", Some(42)),
            ("-1", Some(u64::MAX)),
            ("0x10", Some(16)),
            ("-0x1", Some(u64::MAX)),
            ("abc", None),
            ("-", None),
            ("99999999999999999999", None),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
