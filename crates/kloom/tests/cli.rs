//! The command line: exit codes, help, formats, pipes, and input that is wrong in every way.

#![forbid(unsafe_code)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{Done, fresh_dir, kloom, run};

const HELLO: &str = "#include <linux/module.h>\n\nstatic int __init start(void)\n{\n\tpr_info(\"hello\\n\");\n\treturn 0;\n}\n\n\
    static void __exit finish(void)\n{\n\tpr_info(\"bye\\n\");\n}\nmodule_init(start);\nmodule_exit(finish);\nMODULE_LICENSE(\"GPL\");\n";

const CHATTY: &str = "#include <linux/module.h>\n#include <linux/kthread.h>\n#include <linux/delay.h>\n\n\
    static struct task_struct *task;\n\nstatic int work(void *unused)\n{\n\twhile (!kthread_should_stop()) {\n\
    \t\tpr_info(\"one more line of text to fill the pipe\\n\");\n\t\tmsleep(1);\n\t}\n\treturn 0;\n}\n\n\
    static int __init start(void)\n{\n\ttask = kthread_run(work, NULL, \"chatty\");\n\treturn PTR_ERR_OR_ZERO(task);\n}\n\n\
    static void __exit finish(void)\n{\n\tkthread_stop(task);\n}\nmodule_init(start);\nmodule_exit(finish);\nMODULE_LICENSE(\"GPL\");\n";

/// A directory with `hello.c` and whatever else.
fn place(name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let dir = fresh_dir(&format!("cli/{name}"));
    fs::write(dir.join("hello.c"), HELLO).unwrap();
    for (file, content) in files {
        fs::write(dir.join(file), content).unwrap();
    }
    dir
}

#[track_caller]
fn call(dir: &Path, arguments: &[&str]) -> Done {
    run(kloom(dir).args(arguments)).unwrap()
}

#[track_caller]
fn expect(dir: &Path, arguments: &[&str], code: i32, says: &str) -> Done {
    let done = call(dir, arguments);
    assert_eq!(done.code().unwrap(), code, "{arguments:?}\n{}{}", done.out(), done.err());
    let all = done.out() + &done.err();
    assert!(all.contains(says), "{arguments:?} does not say `{says}`:\n{all}");
    assert!(!all.contains("panicked"), "{all}");
    done
}

#[test]
fn every_command_shows_an_example_in_its_help() {
    let dir = place("help", &[]);
    let top = expect(&dir, &["--help"], 0, "Exit codes: 0 no bug found");
    for command in ["run", "build", "explain", "completions", "man"] {
        assert!(top.out().contains(&format!("  {command} ")), "{}", top.out());
        expect(&dir, &[command, "--help"], 0, "Example: kloom ");
    }
    expect(&dir, &["--version"], 0, "kloom ");
}

#[test]
fn wrong_use_is_2_and_says_what_is_wrong() {
    let dir = place("usage", &[("bad.sh", b"if true; then\necho\n"), ("empty.ko", b"")]);
    expect(&dir, &[], 2, "Usage: kloom");
    expect(&dir, &["frobnicate"], 2, "unrecognized subcommand 'frobnicate'");
    expect(&dir, &["run"], 2, "FILE|NAME=VALUE");
    expect(&dir, &["run", "--frobnicate", "hello.c"], 2, "unexpected argument '--frobnicate'");
    expect(&dir, &["run", "--cpus", "65", "hello.c"], 2, "65");
    expect(&dir, &["run", "--cpus", "0", "hello.c"], 2, "0");
    expect(&dir, &["run", "--for", "soon", "hello.c"], 2, "soon");
    expect(&dir, &["run", "--mem", "lots", "hello.c"], 2, "lots");
    expect(&dir, &["run", "--replay", "kl9:zz", "hello.c"], 2, "error");
    expect(&dir, &["run", "--seed", "1", "--replay", "kl1:00", "hello.c"], 2, "cannot be used with");
    expect(&dir, &["run", "--fail", "everything", "hello.c"], 2, "kloom can make these fail: ");
    expect(&dir, &["run", "--fail", "kmalloc:one", "hello.c"], 2, "`one` is no number");
    expect(&dir, &["run", "n=1"], 2, "no module given");
    expect(&dir, &["run", "nosuch.c"], 2, "nosuch.c");
    expect(&dir, &["run", "hello.c", "--script", "nosuch.sh"], 2, "cannot read nosuch.sh");
    expect(&dir, &["run", "hello.c", "--script", "bad.sh"], 2, "bad.sh:");
    expect(&dir, &["explain", "no-such-code"], 2, "there is no code `no-such-code`");
    expect(&dir, &["run", "bad.sh"], 2, "bad.sh");
}

#[test]
fn a_directory_without_modules_or_readable_files_is_an_error() {
    let dir = place("directories", &[]);
    fs::create_dir(dir.join("empty")).unwrap();
    expect(&dir, &["run", "empty"], 2, "empty");
    // Root reads everything; the test says something only for others.
    let closed = dir.join("closed");
    fs::create_dir(&closed).unwrap();
    let mut permissions = fs::metadata(&closed).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o000);
    fs::set_permissions(&closed, permissions.clone()).unwrap();
    if fs::read_dir(&closed).is_err() {
        expect(&dir, &["run", "closed"], 2, "closed");
    }
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o700);
    fs::set_permissions(&closed, permissions).unwrap();
}

#[test]
fn no_ko_file_crashes_kloom() {
    let dir = place("objects", &[]);
    expect(&dir, &["build", "hello.c", "-o", "out"], 0, "hello.ko");
    let good = fs::read(dir.join("out/hello.ko")).unwrap();
    expect(&dir, &["run", "out/hello.ko"], 0, "hello");
    let mut inputs: Vec<(String, Vec<u8>)> = vec![
        ("empty".into(), Vec::new()),
        ("text".into(), b"this is no module\n".repeat(50)),
        ("zeros".into(), vec![0; 4096]),
        ("magic-only".into(), b"\x7fELF".to_vec()),
    ];
    for part in [1, 2, 4, 8, 16] {
        inputs.push((format!("cut-{part}"), good[..good.len() * part / 17].to_vec()));
    }
    let mut foreign = good.clone();
    foreign[18] = 183; // e_machine: AArch64
    inputs.push(("foreign".into(), foreign));
    let mut wide = good.clone();
    wide[16] = 3; // e_type: shared object
    inputs.push(("shared-object".into(), wide));
    let mut state = 0x9e37_79b9_u64;
    for round in 0..25 {
        let mut damaged = good.clone();
        for _ in 0..8 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % damaged.len();
            damaged[at] ^= (state >> 24) as u8;
        }
        inputs.push((format!("damaged-{round}"), damaged));
    }
    for (name, bytes) in inputs {
        let file = format!("{}.ko", name.replace('-', "_"));
        fs::write(dir.join(&file), bytes).unwrap();
        let done = call(&dir, &["run", &file, "--max-steps", "200000"]);
        let code = done.code().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(code != 101, "{name}: kloom calls it its own bug\n{}{}", done.out(), done.err());
        assert!(!done.err().contains("panicked"), "{name}: {}", done.err());
        if !name.starts_with("damaged") {
            assert_ne!(code, 0, "{name}: {}", done.out());
        }
    }
}

#[test]
fn a_module_that_does_not_compile_is_1_with_the_compilers_words() {
    let dir =
        place("compile", &[("broken.c", b"#include <linux/module.h>\nint init_module(void)\n{\n\treturn 0\n}\n")]);
    let done = expect(&dir, &["run", "broken.c"], 1, "broken.c:4:");
    assert!(done.err().contains("expected ';'"), "{}", done.err());
    let lacking = b"#include <linux/module.h>\n#include <linux/no_such_header_anywhere.h>\n";
    fs::write(dir.join("lacking.c"), lacking).unwrap();
    let done = call(&dir, &["run", "lacking.c"]);
    assert_ne!(done.code().unwrap(), 1, "what kloom lacks is not the module's bug: {}", done.err());
}

#[test]
fn machine_forms_parse() {
    let dir = place(
        "forms",
        &[(
            "leak.c",
            HELLO
                .replace("pr_info(\"hello\\n\")", "kmalloc(100, GFP_KERNEL)")
                .replace("module.h>", "module.h>\n#include <linux/slab.h>")
                .as_bytes(),
        )],
    );
    for file in ["hello.c", "leak.c"] {
        let done = call(&dir, &["run", file, "--message-format", "json"]);
        let value: serde_json::Value =
            serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.out()));
        assert_eq!(value["schema"], "kloom-report/1");
        assert_eq!(value["exit_code"], 0);
        assert_eq!(value["warnings"], u32::from(file == "leak.c"));
        assert!(value["output"].as_str().unwrap().contains("taints kernel"), "{value}");
        let sarif = call(&dir, &["run", file, "--message-format", "sarif"]);
        let value: serde_json::Value =
            serde_json::from_slice(&sarif.stdout).unwrap_or_else(|error| panic!("{error}: {}", sarif.out()));
        assert_eq!(value["version"], "2.1.0");
        let junit = call(&dir, &["run", file, "--message-format", "junit"]).out();
        assert!(junit.starts_with("<?xml") && junit.trim_end().ends_with("</testsuites>"), "{junit}");
    }
    let github = call(&dir, &["run", "leak.c", "--message-format", "github"]).out();
    assert!(github.contains("::warning file=leak.c,line="), "{github}");
}

#[test]
fn a_closed_pipe_ends_the_run_quietly() {
    let dir = place("pipe", &[("chatty.c", CHATTY.as_bytes())]);
    let mut child = kloom(&dir)
        .args(["run", "chatty.c", "--for", "1h"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut head = Command::new("head")
        .args(["-n", "1"])
        .stdin(child.stdout.take().unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(head.wait().unwrap().success());
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(!said.contains("panicked") && !said.contains("roken pipe"), "{said}");
    assert_ne!(done.status.code(), Some(101), "{said}");
}

#[test]
fn every_code_is_explained() {
    let dir = place("explain", &[]);
    let list = expect(&dir, &["explain"], 0, "kthread-stop-hang").out();
    assert_eq!(list.lines().count(), kloom_diag::codes().len());
    for row in kloom_diag::codes() {
        let text = expect(&dir, &["explain", row.name], 0, "## Why").out();
        assert!(text.contains("## On real Linux") && text.contains("```c"), "{text}");
    }
}

#[test]
fn completions_and_manual_are_generated() {
    let dir = place("completions", &[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        expect(&dir, &["completions", shell], 0, "message-format");
    }
    let manual = expect(&dir, &["man"], 0, ".TH").out();
    assert!(manual.contains("kloom") && manual.contains("explain"), "{manual}");
    if Command::new("bash").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok() {
        let script = call(&dir, &["completions", "bash"]).out();
        fs::write(dir.join("kloom.bash"), script).unwrap();
        assert!(Command::new("bash").args(["-n", "kloom.bash"]).current_dir(&dir).status().unwrap().success());
    }
}

#[test]
fn colour_is_for_terminals_only() {
    let dir =
        place("colour", &[("broken.c", b"int x\n"), ("leak.c", HELLO.replace("return 0;", "return -5;").as_bytes())]);
    for file in ["broken.c", "leak.c"] {
        let done = call(&dir, &["run", file]);
        assert!(!done.stderr.contains(&0x1b) && !done.stdout.contains(&0x1b), "{}", done.err());
    }
}

#[test]
fn odd_file_names_work() {
    let dir = place("names", &[]);
    fs::create_dir(dir.join("a directory")).unwrap();
    fs::write(dir.join("a directory/hello-world.c"), HELLO).unwrap();
    expect(&dir, &["run", "a directory/hello-world.c", "--for", "0s"], 0, "bye");
    expect(&dir, &["run", "./hello.c", "--for", "10ms"], 0, "bye");
    let absolute = dir.join("hello.c");
    expect(&dir, &["run", absolute.to_str().unwrap()], 0, "bye");
}

#[test]
fn the_same_file_name_twice_is_one_module_or_an_error() {
    let dir = place("twice", &[]);
    fs::create_dir(dir.join("other")).unwrap();
    fs::write(dir.join("other/hello.c"), HELLO).unwrap();
    let done = call(&dir, &["run", "hello.c", "other/hello.c"]);
    assert_ne!(done.code().unwrap(), 101, "{}", done.err());
    assert!(!done.err().contains("panicked"), "{}", done.err());
}
