//! The parser: no input panics it, errors have their place, what is not supported is refused before anything runs.

mod fake;

use kloom_shell::parse::parse;
use kloom_shell::{LineResult, Shell};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

#[track_caller]
fn refuse(source: &str, line: usize, message: &str) {
    let e = parse(source.as_bytes()).expect_err(source);
    assert_eq!(e.line, line, "{source}: {e}");
    assert!(e.message.contains(message), "{source}: {e}");
    assert_eq!(e.snippet, source.lines().nth(line - 1).unwrap_or_default().trim_end());
}

#[test]
fn unsupported_is_refused_with_its_line() {
    refuse("echo a\n[[ -n x ]]\n", 2, "`[[ … ]]` is not supported");
    refuse("echo a\n\na=(1 2)\n", 3, "array");
    refuse("diff <(ls) x", 1, "process substitution");
    refuse("cat <<< word", 1, "here-string");
    refuse("echo\n((i++))", 2, "`(( … ))`");
    refuse("for ((i=0;i<3;i++)); do :; done", 1, "`for (( … ))`");
    refuse("echo ${x/a/b}", 1, "not supported");
    refuse("echo ${x:1:2}", 1, "not supported");
    refuse("echo ${x[0]}", 1, "array");
    refuse("echo $(case x in x) echo in;; esac)", 1, "need both parentheses");
    refuse("x+=1", 1, "`+=`");
    refuse("echo $'a'", 1, "not supported");
    refuse("echo a\nx=$(\n[[ a ]]\n)", 3, "`[[ … ]]`");
}

#[test]
fn syntax_errors_have_a_place() {
    refuse("echo a\nfi\n", 2, "syntax error");
    refuse("echo a\necho b )\n", 2, "syntax error");
    let e = parse(b"if true; then\necho x\n").unwrap_err();
    assert!(e.incomplete, "{e}");
    assert!(!parse(b"done").unwrap_err().incomplete);
    for source in ["echo 'a", "echo \"a", "while true; do", "cat << E\nx\n", "echo $(", "{", "echo a |", "f() {"] {
        assert!(parse(source.as_bytes()).unwrap_err().incomplete, "{source}");
    }
}

#[test]
fn deep_nesting_is_an_error() {
    for (open, close) in [("(", ")"), ("$(echo ", ")"), ("{ ", " ;}"), ("if ", ""), ("\"$(echo ", ")\""), ("${x-", "}")]
    {
        let inner = if open == "(" || open == "{ " { ":" } else { "" };
        for count in [30, 300, 3000] {
            let source = format!("echo {}{inner}{}", open.repeat(count), close.repeat(count));
            // It must come back; most of them are errors.
            let _ = parse(source.as_bytes());
            let source = format!("{}:{}", open.repeat(count), close.repeat(count));
            let _ = parse(source.as_bytes());
        }
    }
    assert!(parse(format!("{}:{}", "(".repeat(1000), ")".repeat(1000)).as_bytes()).is_err());
}

#[test]
fn interactive_lines() {
    use kloom_shell::sys::Sys;
    use std::task::{Context, Poll, Waker};
    // Lines that are incomplete or wrong need no kernel; getpid and getcwd are answered by hand.
    let (sys, port) = Sys::new();
    let program = async move {
        let mut shell = Shell::new(sys).await;
        let a = shell.run_line("if true").await;
        let b = shell.run_line("fi").await;
        (a, b)
    };
    let mut program = Box::pin(program);
    let mut context = Context::from_waker(Waker::noop());
    let (a, b) = loop {
        match program.as_mut().poll(&mut context) {
            Poll::Ready(value) => break value,
            Poll::Pending => {
                assert!(port.take_request().is_some());
                port.reply(Err(kloom_shell::sys::Errno::ENOSYS));
            }
        }
    };
    assert_eq!(a, LineResult::Incomplete);
    assert!(matches!(b, LineResult::Error(_)));
}

fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "for",
        "in",
        "do",
        "done",
        "while",
        "until",
        "case",
        "esac",
        "{",
        "}",
        "(",
        ")",
        "((",
        "))",
        "[[",
        "]]",
        ";",
        ";;",
        "&",
        "&&",
        "|",
        "||",
        "\n",
        "<",
        ">",
        ">>",
        "<<",
        "<<-",
        "<<E\n",
        "\nE\n",
        "<&",
        ">&-",
        "2>",
        "999999999999>",
        "echo",
        "x=1",
        "a=(",
        "$x",
        "${x",
        "}",
        "${x:-",
        "$(",
        "$((",
        "`",
        "'",
        "\"",
        "\\",
        "#",
        "!",
        "f()",
        "*",
        "~",
        "~99999999999999999999/",
        "é",
        " ",
        " ",
        "\u{10FFFF}",
        "\u{F785}",
        "0",
        "time",
        "function",
        "$'",
        "${#",
        "${!x",
        "@",
        "\t",
        "coproc",
        "select",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_tokens(tokens in prop::collection::vec(token(), 0..40)) {
        let _ = parse(tokens.concat().as_bytes());
        let _ = parse(tokens.join(" ").as_bytes());
    }

    #[test]
    fn quoting_is_exact(text in "[^\u{0}]{0,40}") {
        let quoted = text.replace('\'', "'\\''");
        if let Ok(outcome) = fake::Kernel::new().run(&format!("x='{quoted}'; printf '%s' \"$x\" \"$(printf '%s.' \"$x\")\""), &[]) {
            prop_assert_eq!(outcome.stdout, format!("{text}{text}."));
        } else {
            prop_assert!(false, "{}", quoted);
        }
    }
}
