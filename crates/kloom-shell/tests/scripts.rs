//! Scripts on the fake kernel: output, status, error texts.

mod fake;

use fake::{Kernel, run};
use kloom_shell::sys::{LogRecord, Mark};

#[track_caller]
fn check(source: &str, stdout: &str, status: i32) {
    let outcome = run(source);
    assert_eq!(
        (outcome.stdout.as_str(), outcome.status),
        (stdout, Some(status)),
        "script: {source}\nstderr: {}",
        outcome.stderr
    );
}

#[track_caller]
fn check_err(source: &str, stderr: &str, status: i32) {
    let outcome = run(source);
    assert_eq!((outcome.stderr.as_str(), outcome.status), (stderr, Some(status)), "script: {source}");
}

#[test]
fn errors_are_busybox_s() {
    check_err("nosuch", "sh: nosuch: not found\n", 127);
    check_err("./nosuch", "sh: ./nosuch: not found\n", 127);
    check_err("echo x > f; ./f", "sh: ./f: Permission denied\n", 126);
    check_err("cat nofile", "cat: can't open 'nofile': No such file or directory\n", 1);
    check_err("cat < nofile", "sh: can't open nofile: no such file\n", 1);
    check_err("echo > no/such", "sh: can't create no/such: nonexistent directory\n", 1);
    check_err("cd /nowhere", "sh: cd: can't cd to /nowhere: No such file or directory\n", 1);
    check_err("kill 4711", "sh: can't kill pid 4711: No such process\n", 1);
    check_err("echo $((1/0))", "sh: divide by zero\n", 2);
    check_err(": ${x?gone}", "sh: x: gone\n", 2);
    check_err("set -u; echo $nope", "sh: nope: parameter not set\n", 2);
    check_err("mkdir a; mkdir a", "mkdir: can't create directory 'a': File exists\n", 1);
    check_err("rm nothing", "rm: can't remove 'nothing': No such file or directory\n", 1);
    check_err("ls nothing", "ls: nothing: No such file or directory\n", 1);
    check_err("rmmod nothing", "rmmod: ERROR: Module nothing is not currently loaded\n", 1);
    check_err("insmod x.ko", "insmod: ERROR: could not load module x.ko: No such file or directory\n", 1);
    check_err(
        "echo junk > x.ko; insmod x.ko",
        "insmod: ERROR: could not insert module x.ko: Invalid module format\n",
        1,
    );
    check_err("sleep x", "sleep: invalid number 'x'\n", 1);
    check_err("readonly r=1; r=2; echo no", "sh: r: is read only\n", 2);
}

#[test]
fn modules() {
    let script =
        "printf 'module heart' > heart.ko; insmod heart.ko && lsmod; insmod heart.ko; rmmod heart; lsmod; rmmod heart";
    let outcome = run(script);
    assert_eq!(
        outcome.stdout,
        "Module                  Size  Used by\nheart                  16384  0\nModule                  Size  Used by\n"
    );
    assert_eq!(
        outcome.stderr,
        "insmod: ERROR: could not insert module heart.ko: File exists\n\
         rmmod: ERROR: Module heart is not currently loaded\n"
    );
    assert_eq!(outcome.status, Some(1));
}

#[test]
fn processes() {
    let mut kernel = Kernel::new();
    kernel.kthread(42, "heartbeat");
    let outcome = kernel
        .run("ps -e | grep heart; ps -ef | grep '[h]eart'; pgrep heart; pidof nothing; ps -o pid,comm= -p 42; kill -9 42; ps -p 42 -o pid=", &[])
        .unwrap();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines[0], "   42 ?        00:00:00 heartbeat");
    assert!(lines[1].ends_with("[heartbeat]"), "{}", lines[1]);
    assert!(lines[1].starts_with("root        42     2  0 "), "{}", lines[1]);
    assert_eq!(lines[2], "42");
    assert_eq!(&lines[3..], ["  PID ", "   42 heartbeat", "   42"]);
}

#[test]
fn background_and_signals() {
    check("sleep 100 & kill $!; wait $!; echo $?", "143\n", 0);
    check("sleep 100 & kill -9 %1; wait %1; echo $?", "137\n", 0);
    check("(sleep 2; echo late) & echo early; wait; echo done", "early\nlate\ndone\n", 0);
    check("(exit 7) & wait $!; echo $?", "7\n", 0);
    check("trap 'echo bye' EXIT; echo hi; exit 3", "hi\nbye\n", 3);
    check("trap 'echo got' USR1; kill -USR1 $$; echo after", "got\nafter\n", 0);
    check("trap '' TERM; kill $$; echo alive", "alive\n", 0);
    check("timeout 5 sleep 100; echo $?", "143\n", 0);
    check("timeout 5 sleep 1; echo $?", "0\n", 0);
    check("timeout -s KILL 1 sleep 9; echo $?", "137\n", 0);
    check("sleep 1.5 & sleep 1; jobs", "[1]+ Running                    sleep 1.5\n", 0);
    check("kill -l 9; kill -l TERM", "KILL\n15\n", 0);
    check_err("sh -c 'kill -9 $$'", "Killed\n", 137);
}

#[test]
fn time_is_virtual() {
    let outcome = run("sleep 3600; sleep 0.25");
    assert_eq!(outcome.now, 1_000_000_000 + 3_600_250_000_000);
}

#[test]
fn loops_always_make_syscalls() {
    let outcome = run("while true; do :; done");
    assert_eq!(outcome.status, None);
    assert!(outcome.now > 1_000_000_000);
}

#[test]
fn deep_recursion_ends() {
    let outcome = run("f() { f; }; f; echo no");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""));
    assert!(outcome.stderr.contains("too many nested commands"));
    let outcome = run("f() { eval f; }; f");
    assert_eq!(outcome.status, Some(2));
}

#[test]
fn marks_tell_lines_and_status() {
    let outcome = run("echo a\n\nif true; then\n  echo b\nfi\nfalse; echo c\n");
    let starts: Vec<(usize, String)> = outcome
        .marks
        .iter()
        .filter_map(|m| match m {
            Mark::Start { line, text, .. } => Some((*line, text.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(
        starts,
        [(1, "echo a".into()), (3, "if true; then\n  echo b\nfi".into()), (6, "false".into()), (6, "echo c".into())]
    );
    let ends: Vec<i32> = outcome
        .marks
        .iter()
        .filter_map(|m| match m {
            Mark::End { status, .. } => Some(*status),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [0, 0, 1, 0]);
}

#[test]
fn dmesg_formats() {
    let mut kernel = Kernel::new();
    for (time_ns, level, text) in [(0, 5, "boot"), (1_234_567_000, 6, "two\nlines"), (123_456_000_000_000, 3, "late")] {
        kernel.log.push(LogRecord { time_ns, level, facility: 0, text: text.into() });
    }
    let outcome =
        kernel.run("dmesg; dmesg -t | head -1; dmesg -r | tail -n 1; dmesg -l err; dmesg -c >/dev/null; dmesg", &[]);
    assert_eq!(
        outcome.unwrap().stdout,
        "[    0.000000] boot\n[    1.234567] two\n[    1.234567] lines\n[123456.000000] late\nboot\n\
         <3>[123456.000000] late\n[123456.000000] late\n"
    );
}

#[test]
fn commands() {
    check("echo -n a; echo -e 'b\\tc'; echo -x", "ab\tc\n-x\n", 0);
    check("yes | head -n 2", "y\ny\n", 0);
    check("seq 3 | tac | tr '\\n' ' '", "3 2 1 ", 0);
    check("seq 5 | sed -n '2,4p' | sed 's/3/x/;$d'", "2\nx\n", 0);
    check("echo 'a b c' | awk '{print $3, $1 \"-\" NF}'", "c a-3\n", 0);
    check("printf 'b\\na\\nb\\n' | sort | uniq -c", "      1 a\n      2 b\n", 0);
    check("printf 'x=1\\ny=2\\n' | cut -d= -f2", "1\n2\n", 0);
    check("seq 10 | grep -c 1; seq 3 | grep -v 2 | wc -l", "2\n2\n", 0);
    check("seq 9 | grep -A1 -B1 5", "4\n5\n6\n", 0);
    check("echo abc | grep -q b && echo yes; echo abc | grep -q z || echo no", "yes\nno\n", 0);
    check("mkdir -p a/b; touch a/b/c; find a -type f; rm -r a; ls", "a/b/c\n", 0);
    check("echo hi > f; cp f g; mv g h; cat h; ls", "hi\nf\nh\n", 0);
    check("echo one | tee f | cat; cat f", "one\none\n", 0);
    check("basename /a/b.c .c; dirname /a/b.c", "b\n/a\n", 0);
    check("expr 3 + 4 \\* 2; expr abc : 'a\\(.\\)c'", "11\nb\n", 0);
    check("printf '%s-%03d %5.1f %x|%-4s|\\n' a 7 2.25 255 z", "a-007   2.2 ff|z   |\n", 0);
    check("printf '%s\\n' a b c", "a\nb\nc\n", 0);
    check("seq 3 | xargs echo x", "x 1 2 3\n", 0);
    check(
        "echo hello | hexdump -C",
        "00000000  68 65 6c 6c 6f 0a                                 |hello.|\n00000006\n",
        0,
    );
    check("echo AB | od -c", "0000000   A   B  \\n\n0000003\n", 0);
    check("date -u +%F; uname -r; id -u; nproc", "2023-11-14\n6.1.0\n0\n2\n", 0);
    check("which insmod; command -v cat; type cd", "/sbin/insmod\n/bin/cat\ncd is a shell builtin\n", 0);
    check("dd if=/dev/null of=x 2>/dev/null; wc -c < x", "0\n", 0);
    check("nice -n 5 nice", "5\n", 0);
    check("env -i A=1 env", "A=1\n", 0);
    check("A=2 sh -c 'echo $A $0 $1' name arg", "2 name arg\n", 0);
    check("echo 'echo script $1' > s; chmod +x s; ./s a; sh s b", "script a\nscript b\n", 0);
    check("seq 3 > f; while read n; do echo \"<$n>\"; done < f", "<1>\n<2>\n<3>\n", 0);
    check("printf '\\377\\n' > f; x=$(cat f); echo \"$x\" | od -An -tx1", " ff 0a\n", 0);
    check("awk 'BEGIN{x=1}' || echo $?", "2\n", 0);
    check("seq 2000 > f; cat f f f | wc -l; x=$(cat f); echo ${#x}", "6000\n8892\n", 0);
    check("cat <<E\n$(seq 3000)\nE\n", &(1..=3000).map(|n| format!("{n}\n")).collect::<String>(), 0);
}

#[test]
fn set_e_and_x() {
    check("set -e; false; echo no", "", 1);
    check("set -e; if false; then :; fi; false || true; ! true; echo yes", "yes\n", 0);
    check("set -e; f() { false; echo in; }; f || true; f; echo no", "in\n", 1);
    check_err("set -x; x=1; echo $x > /dev/null", "+ x=1\n+ echo 1\n", 0);
}

#[test]
fn every_run_is_the_same() {
    let script = "for i in 1 2 3; do (echo $i; sleep 0.$i) & done; wait; ps -e | cat; seq 100 | sort -r | head -3";
    let (a, b) = (run(script), run(script));
    assert_eq!((a.stdout, a.stderr, a.now, a.syscalls), (b.stdout, b.stderr, b.now, b.syscalls));
}
