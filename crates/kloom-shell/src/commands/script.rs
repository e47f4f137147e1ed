//! `sh`: a shell started as a command.

use super::Ctx;
use crate::parse;
use crate::shell::Shell;
use crate::text;

/// `sh [-ex] [-c TEXT [NAME [ARG…]] | FILE [ARG…]]`; without either the script comes from stdin.
pub(crate) async fn sh(mut ctx: Ctx) -> i32 {
    let mut shell = Shell::with_env(ctx.sys.clone(), &ctx.env).await;
    let mut args = ctx.argv[1..].to_vec();
    let mut command = false;
    while let Some(arg) = args.first().filter(|a| a.starts_with('-') && a.len() > 1).cloned() {
        args.remove(0);
        for letter in arg.chars().skip(1) {
            match letter {
                'c' => command = true,
                'l' | 's' | 'i' => {}
                _ => match shell.options.by_letter(letter) {
                    Some(flag) => *flag = true,
                    None => return ctx.fail(&format!("illegal option -{letter}")).await + 1,
                },
            }
        }
    }
    let source = if command {
        if args.is_empty() {
            return ctx.fail("-c requires an argument").await + 1;
        }
        let source = args.remove(0);
        if !args.is_empty() {
            shell.name = args.remove(0);
        }
        text::encode(&source)
    } else if args.is_empty() {
        match ctx.sys.read_to_end(0).await {
            Ok(bytes) => bytes,
            Err(e) => return ctx.fail(&format!("stdin: {e}")).await + 1,
        }
    } else {
        let path = args.remove(0);
        match ctx.sys.read_file(&path).await {
            Ok(bytes) => {
                shell.name = path;
                bytes
            }
            Err(e) => {
                let reason = if e == crate::sys::Errno::ENOENT { "No such file or directory".into() } else { e.text() };
                ctx.fail(&format!("can't open '{path}': {reason}")).await;
                return 2;
            }
        }
    };
    shell.set_args(args);
    match parse::parse(&source) {
        Ok(script) => shell.run_script(&script, false).await,
        Err(e) => ctx.fail(&e.to_string()).await + 1,
    }
}
