//! `test` and `[`.

use super::Ctx;
use crate::sys::{FileKind, Stat, Sys};

pub(crate) async fn command(ctx: Ctx) -> i32 {
    run(&ctx.sys, &ctx.argv).await
}

/// 0 true, 1 false, 2 an error (told).
pub(crate) async fn run(sys: &Sys, argv: &[String]) -> i32 {
    let name = super::base_name(&argv[0]);
    let mut args = &argv[1..];
    let result = if name == "[" && args.last().map(String::as_str) != Some("]") {
        Err("missing ]".to_string())
    } else {
        if name == "[" {
            args = &args[..args.len() - 1];
        }
        evaluate(sys, args).await
    };
    match result {
        Ok(value) => i32::from(!value),
        Err(message) => {
            let _ = sys.write_all(2, &crate::text::encode(&format!("sh: {message}\n"))).await;
            2
        }
    }
}

async fn evaluate(sys: &Sys, args: &[String]) -> Result<bool, String> {
    // POSIX fixes the meaning of up to four words by their number.
    match args {
        [] => return Ok(false),
        [a] => return Ok(!a.is_empty()),
        [not, a] if not == "!" => return Ok(a.is_empty()),
        [a, op, b] if is_binary(op) => return binary(sys, a, op, b).await,
        [not, a, op, b] if not == "!" && is_binary(op) => {
            return binary(sys, a, op, b).await.map(|v| !v);
        }
        _ => {}
    }
    let mut words = Words { sys, args, pos: 0, depth: 0 };
    let value = words.or().await?;
    match args.get(words.pos) {
        None => Ok(value),
        Some(extra) => Err(format!("{extra}: unknown operand")),
    }
}

fn is_binary(op: &str) -> bool {
    matches!(op, "=" | "==" | "!=" | "<" | ">" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-nt" | "-ot" | "-ef")
}

fn integer(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| format!("{text}: bad number"))
}

async fn binary(sys: &Sys, a: &str, op: &str, b: &str) -> Result<bool, String> {
    Ok(match op {
        "=" | "==" => a == b,
        "!=" => a != b,
        "<" => a < b,
        ">" => a > b,
        "-eq" => integer(a)? == integer(b)?,
        "-ne" => integer(a)? != integer(b)?,
        "-lt" => integer(a)? < integer(b)?,
        "-le" => integer(a)? <= integer(b)?,
        "-gt" => integer(a)? > integer(b)?,
        "-ge" => integer(a)? >= integer(b)?,
        _ => match (sys.stat(a).await, sys.stat(b).await, op) {
            (Ok(a), Ok(b), "-nt") => a.mtime_ns > b.mtime_ns,
            (Ok(a), Ok(b), "-ot") => a.mtime_ns < b.mtime_ns,
            (Ok(a), Ok(b), _) => a.ino == b.ino,
            _ => false,
        },
    })
}

async fn unary(sys: &Sys, op: char, arg: &str) -> Result<bool, String> {
    if op == 'n' || op == 'z' {
        return Ok(arg.is_empty() == (op == 'z'));
    }
    if op == 't' {
        // No descriptor of the machine is a terminal.
        integer(arg)?;
        return Ok(false);
    }
    let Ok(Stat { kind, size, mode, .. }) = sys.stat(arg).await else {
        return Ok(false);
    };
    Ok(match op {
        'f' => kind == FileKind::File,
        'd' => kind == FileKind::Dir,
        'c' => kind == FileKind::Chr,
        'b' => kind == FileKind::Blk,
        'p' => kind == FileKind::Fifo,
        'h' | 'L' => kind == FileKind::Link,
        's' => size > 0,
        // Root may read and write all there is, and run what anyone may run.
        'x' => kind == FileKind::Dir || mode & 0o111 != 0,
        'u' => mode & 0o4000 != 0,
        'g' => mode & 0o2000 != 0,
        'k' => mode & 0o1000 != 0,
        'S' => false,
        _ => true,
    })
}

struct Words<'a> {
    sys: &'a Sys,
    args: &'a [String],
    pos: usize,
    depth: usize,
}

impl Words<'_> {
    fn peek(&self, offset: usize) -> Option<&str> {
        self.args.get(self.pos + offset).map(String::as_str)
    }

    async fn or(&mut self) -> Result<bool, String> {
        let mut value = self.and().await?;
        while self.peek(0) == Some("-o") {
            self.pos += 1;
            value |= self.and().await?;
        }
        Ok(value)
    }

    async fn and(&mut self) -> Result<bool, String> {
        let mut value = self.primary().await?;
        while self.peek(0) == Some("-a") {
            self.pos += 1;
            value &= self.primary().await?;
        }
        Ok(value)
    }

    async fn primary(&mut self) -> Result<bool, String> {
        let mut negate = false;
        while self.peek(0) == Some("!") && self.peek(1).is_some() {
            negate = !negate;
            self.pos += 1;
        }
        let Some(word) = self.peek(0).map(str::to_string) else {
            return Err("argument expected".into());
        };
        let value = if self.peek(1).is_some_and(is_binary) && self.peek(2).is_some() {
            let (op, right) = (self.args[self.pos + 1].clone(), self.args[self.pos + 2].clone());
            self.pos += 3;
            binary(self.sys, &word, &op, &right).await?
        } else if word == "(" {
            self.pos += 1;
            self.depth += 1;
            if self.depth > 20 {
                return Err("too many parentheses".into());
            }
            let value = Box::pin(self.or()).await?;
            if self.peek(0) != Some(")") {
                return Err("closing paren expected".into());
            }
            self.pos += 1;
            value
        } else if let ['-', op] = word.chars().collect::<Vec<_>>()[..]
            && "bcdefghkLnprsStuwxzOG".contains(op)
            && let Some(arg) = self.peek(1).map(str::to_string)
        {
            self.pos += 2;
            unary(self.sys, op, &arg).await?
        } else {
            self.pos += 1;
            !word.is_empty()
        };
        Ok(value != negate)
    }
}
