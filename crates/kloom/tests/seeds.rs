//! The programs of the texts on kernel threads, unchanged, with the effects that the texts describe.
//!
//! The texts are not part of the project; where they are absent these tests say so and pass. Complete programs are taken
//! as they stand, non-breaking spaces included; a snippet replaces the same function in the first complete program of
//! its text, as the text says.

#![forbid(unsafe_code)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::case::document;
use support::{fresh_dir, kloom, run, workspace};

/// The directory of the texts, if it is there.
fn seeds() -> Option<PathBuf> {
    let mut above = workspace().ancestors().map(|dir| dir.join("shared/seeds")).collect::<Vec<_>>();
    above.extend(workspace().parent().map(|dir| dir.join("seeds")));
    above.into_iter().find(|dir| dir.is_dir())
}

/// The text with this beginning of its file name.
fn text(number: &str) -> Option<String> {
    let Some(dir) = seeds() else {
        skipped();
        return None;
    };
    let entries = fs::read_dir(dir).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> = entries.collect();
    files.sort();
    let file =
        files.into_iter().find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(number)));
    let Some(file) = file else {
        skipped();
        return None;
    };
    Some(fs::read_to_string(file).expect("a text is UTF-8"))
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skipped() {
    eprintln!("skipped: the texts are not here");
}

/// Every stretch of `text` from a line that starts with `from` to a line that starts with `to`, both included.
fn stretches(text: &str, from: &str, to: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        if open.is_none() && line.trim_start_matches('\u{feff}').starts_with(from) {
            open = Some(String::new());
        }
        if let Some(stretch) = &mut open {
            stretch.push_str(line);
            stretch.push('\n');
            if line.starts_with(to) {
                found.extend(open.take());
            }
        }
    }
    found
}

struct Ran {
    out: String,
    codes: Vec<String>,
    exit: u64,
    everything: String,
}

fn play(name: &str, source: &str, script: &str, flags: &[&str]) -> Ran {
    let dir = fresh_dir(&format!("seeds/{name}"));
    write(&dir, "mythread.c", source);
    write(&dir, "steps.sh", script);
    let done =
        run(kloom(&dir).args(["run", "mythread.c", "--script", "steps.sh", "--message-format", "json"]).args(flags))
            .unwrap();
    let value = document(&done).unwrap();
    let codes =
        value["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap().to_string());
    Ran {
        out: value["output"].as_str().unwrap().to_string(),
        codes: codes.collect(),
        exit: value["exit_code"].as_u64().unwrap(),
        everything: format!("{value:#}\n{}", done.err()),
    }
}

fn write(dir: &Path, name: &str, content: &str) {
    fs::write(dir.join(name), content).unwrap();
}

impl Ran {
    /// Asserts that these pieces of text occur in this order.
    #[track_caller]
    fn shows(&self, pieces: &[&str]) {
        let mut rest = self.out.as_str();
        for piece in pieces {
            let Some(at) = rest.find(piece) else {
                panic!("`{piece}` is missing after the ones before\n{}", self.everything)
            };
            rest = &rest[at + piece.len()..];
        }
    }

    #[track_caller]
    fn finds(&self, exit: u64, codes: &[&str]) {
        assert_eq!(self.exit, exit, "{}", self.everything);
        for code in codes {
            assert!(self.codes.iter().any(|found| found == code), "no {code} in {:?}\n{}", self.codes, self.everything);
        }
    }

    fn count(&self, piece: &str) -> usize {
        self.out.matches(piece).count()
    }
}

/// The three programs of the text on stopping and signalling: complete, with should_stop, with allow_signal.
fn stopping() -> Option<[String; 3]> {
    let text = text("002")?;
    let whole = stretches(&text, "#include <linux/module.h>", "module_exit(cleanup_thread);");
    let snippets = stretches(&text, "static struct task_struct *thread_st;", "}");
    assert_eq!(whole.len(), 1, "one complete program");
    // The first snippet found is the beginning of the complete program itself.
    assert_eq!(snippets.len(), 3, "its thread function and two more");
    let replaced = |snippet: &String| {
        assert!(whole[0].contains(&snippets[0]));
        whole[0].replace(&snippets[0], snippet)
    };
    Some([whole[0].clone(), replaced(&snippets[1]), replaced(&snippets[2])])
}

#[test]
fn rmmod_gets_stuck_and_the_thread_is_invincible() {
    let Some([program, ..]) = stopping() else { return };
    let script = "insmod mythread.ko\nsleep 12\nps ax | grep mythread | grep -v grep\nkill -9 $(pidof mythread)\necho killed: $?\nsleep 10\nrmmod mythread\necho not reached\n";
    let ran = play("hang", &program, script, &[]);
    ran.shows(&[
        "Creating Thread",
        "Thread Created successfully",
        "Thread Running",
        "Thread Running",
        "Thread Running",
        "[mythread]",
        "killed: 0",
        "Thread Running",
        "Cleaning Up",
        "Thread Running",
    ]);
    assert!(!ran.out.contains("not reached") && !ran.out.contains("Thread Stopping"), "{}", ran.everything);
    ran.finds(1, &["signal-ignored", "kthread-stop-hang"]);
}

#[test]
fn a_thread_that_looks_at_the_stop_flag_lets_rmmod_out() {
    let Some([_, program, _]) = stopping() else { return };
    let ran = play("should-stop", &program, "insmod mythread.ko\nsleep 12\nrmmod mythread\necho rmmod: $?\n", &[]);
    ran.shows(&[
        "Thread Created successfully",
        "Thread Running",
        "Cleaning Up",
        "Thread Stopping",
        "Thread stopped",
        "rmmod: 0",
    ]);
    assert_eq!(ran.count("Thread Running"), 3, "{}", ran.everything);
    ran.finds(0, &[]);
}

#[test]
fn an_allowed_sigkill_ends_the_thread_and_rmmod_comes_out() {
    let Some([_, _, program]) = stopping() else { return };
    let script = "insmod mythread.ko\nsleep 7\nkill -9 $(pidof mythread)\nsleep 6\npidof mythread\necho pidof: $?\nrmmod mythread\necho rmmod: $?\n";
    let ran = play("allow-signal", &program, script, &[]);
    ran.shows(&["Thread Running", "Thread Running", "Thread Stopping", "pidof: 1", "Cleaning Up", "rmmod: 0"]);
    ran.finds(1, &["use-after-free"]);
    let gentle =
        play("allow-signal-gentle", &program, "insmod mythread.ko\nsleep 7\nrmmod mythread\necho rmmod: $?\n", &[]);
    gentle.shows(&["Cleaning Up", "Thread Stopping", "rmmod: 0"]);
    gentle.finds(0, &[]);
    let real = play("allow-signal-oops", &program, script, &["--on-use-after-free", "oops"]);
    real.shows(&[
        "Cleaning Up",
        "refcount_t: addition on 0; use-after-free.",
        "NULL pointer dereference",
        "rmmod: 137",
    ]);
    real.finds(1, &["use-after-free"]);
}

#[test]
fn an_exit_function_without_a_stop_crashes_the_thread() {
    let Some([_, program, _]) = stopping() else { return };
    let forgetful = program.replace("if (thread_st)\n   {\n       kthread_stop", "if (0)\n   {\n       kthread_stop");
    let forgetful = if forgetful == program { program.replace("kthread_stop(thread_st);", ";") } else { forgetful };
    assert_ne!(forgetful, program);
    let ran = play(
        "no-stop",
        &forgetful,
        "insmod mythread.ko\nsleep 7\nrmmod mythread\necho rmmod: $?\nsleep 10\necho still there\n",
        &[],
    );
    ran.shows(&["Cleaning Up", "rmmod: 0", "unable to handle page fault", "still there"]);
    ran.finds(1, &["module-text-in-use"]);
}

#[test]
fn an_argument_reaches_the_thread() {
    let Some(text) = text("003") else { return };
    let programs = stretches(&text, "#include <linux/module.h>", "```");
    assert_eq!(programs.len(), 2);
    let program = programs[0].replace("```\n", "");
    let ran = play("argument", &program, "insmod mythread.ko\nsleep 1\nrmmod mythread\necho rmmod: $?\n", &[]);
    ran.shows(&["Kernel data 123", "clean up module", "rmmod: 0"]);
    assert_eq!(ran.count("kthread_1 was created and is running now!"), 1, "{}", ran.everything);
    ran.finds(1, &["use-after-free"]);
}

#[test]
fn hello_world_with_an_index_every_second() {
    let Some(text) = text("003") else { return };
    let programs = stretches(&text, "#include <linux/module.h>", "```");
    let program = programs[1].replace("```\n", "");
    let ran = play("index", &program, "insmod mythread.ko\nsleep 4.5\nrmmod mythread\necho rmmod: $?\n", &[]);
    let lines: Vec<_> = (0..5).map(|index| format!("Hello, World !; index {index}")).collect();
    let mut pieces: Vec<_> = lines.iter().map(String::as_str).collect();
    pieces.extend(["clean up module", "rmmod: 0"]);
    ran.shows(&pieces);
    ran.finds(0, &[]);
}

#[test]
fn the_loop_of_the_second_text_fits_a_module() {
    let Some(text) = text("001") else { return };
    let loops = stretches(&text, "int threadfunc(void *data)", "}");
    assert_eq!(loops.len(), 1);
    let frame = "#include <linux/module.h>\n#include <linux/kthread.h>\n\nstatic struct task_struct *task;\n\n";
    let rest = "\nstatic int __init start(void)\n{\n\ttask = kthread_run(threadfunc, NULL, \"thread\");\n\treturn PTR_ERR_OR_ZERO(task);\n}\n\n\
        static void __exit finish(void)\n{\n\tpr_info(\"gave %d\\n\", kthread_stop(task));\n}\nmodule_init(start);\nmodule_exit(finish);\nMODULE_LICENSE(\"GPL\");\n";
    let source = format!("{frame}{}{rest}", loops[0]);
    let ran = play("second-text", &source, "insmod mythread.ko\nsleep 1\nrmmod mythread\n", &[]);
    ran.shows(&["gave 0"]);
    ran.finds(0, &[]);
}
