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
    expect(&dir, &["run", "--mem", "1", "hello.c"], 2, "not enough for a machine");
    expect(&dir, &["run", "--max-tasks", "3", "hello.c"], 2, "not enough to boot");
    expect(&dir, &["run", "--cpus", "64", "--max-tasks", "300", "hello.c"], 2, "give 448 or more");
    expect(&dir, &["run", "--cpus", "64", "--max-tasks", "448", "--mem", "64K", "hello.c"], 0, "bye");
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

/// What a machine form says: its exit code where it has one, after checking that it is one well-formed document.
#[track_caller]
fn well_formed(form: &str, done: &Done, what: &str) {
    let text = done.out();
    let code = done.code().unwrap_or_else(|error| panic!("{what}: {error}\n{text}{}", done.err()));
    match form {
        "json" => {
            let value: serde_json::Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{what}: {error}:\n{text}"));
            assert_eq!(value["schema"], "kloom-report/1", "{what}");
            assert_eq!(value["exit_code"], code, "{what}: {text}");
            let told = value["end"]["end"] != "completed" || !value["findings"].as_array().unwrap().is_empty();
            assert!(told || code == 0, "{what}: says nothing: {text}");
        }
        "sarif" => {
            let value: serde_json::Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{what}: {error}:\n{text}"));
            assert_eq!(value["version"], "2.1.0", "{what}");
            let run = &value["runs"][0];
            assert_eq!(run["invocations"][0]["exitCode"], code, "{what}: {text}");
            let told = run["invocations"][0]["toolExecutionNotifications"].is_array()
                || !run["results"].as_array().unwrap().is_empty();
            assert!(told || code == 0, "{what}: says nothing: {text}");
        }
        "junit" => {
            assert!(text.starts_with("<?xml") && text.ends_with("</testsuites>\n"), "{what}: {text}");
            assert_eq!(text.matches("<testsuite ").count(), 1, "{what}: {text}");
            let bad = ["<failure ", "<error ", "<skipped "].iter().any(|tag| text.contains(tag));
            assert_eq!(bad, code != 0, "{what}: {text}");
        }
        _ => {
            assert!(text.lines().all(|line| line.starts_with("::")), "{what}: {text}");
            assert!(code == 0 || text.contains("::error ") || text.contains("::warning "), "{what}: {text}");
        }
    }
}

#[test]
fn machine_forms_are_one_document_whatever_happens() {
    let dir = place(
        "documents",
        &[
            ("broken.c", b"#include <linux/module.h>\nint init_module(void)\n{\n\treturn 0\n}\nint x = y;\n"),
            ("header.c", b"#include <linux/module.h>\n#include <linux/netfilter.h>\n"),
            ("function.c", b"#include <linux/module.h>\nint init_module(void) { return register_netdev(0); }\n"),
            ("empty.c", b""),
            ("garbage.c", b"\x00\xff\xfe\x01(\x00{\n\x80\x81"),
            ("corrupt.ko", b"\x7fELF this is no module"),
            ("bad.sh", b"if true; then\necho\n"),
            ("endless.sh", b"while true; do true; done\n"),
            ("five.c", HELLO.replace("MODULE_L", "static int n;\nmodule_param(n, int, 0);\nMODULE_L").as_bytes()),
        ],
    );
    fs::create_dir(dir.join("made")).unwrap();
    fs::write(dir.join("made/Makefile"), "obj-m += a.o\nifeq (1,1)\n").unwrap();
    let cases: &[(i32, &[&str])] = &[
        (0, &["hello.c"]),
        (1, &["broken.c"]),
        (3, &["header.c"]),
        (3, &["function.c"]),
        (0, &["empty.c"]),
        (1, &["garbage.c"]),
        (2, &["nosuch.c"]),
        (2, &["corrupt.ko"]),
        (2, &["made"]),
        (2, &["hello.c", "--script", "bad.sh"]),
        (2, &["hello.c", "--script", "nosuch.sh"]),
        (2, &["five.c", "n=five"]),
        (2, &["hello.c", "--cpus", "65"]),
        (2, &["hello.c", "--frobnicate"]),
        (2, &["hello.c", "--replay", "kl1:zz"]),
        (2, &["hello.c", "--fail", "everything"]),
        (2, &["hello.c", "--cc", "/bin/true"]),
        (2, &["hello.c", "--cc", "/no/such/gcc"]),
        (4, &["hello.c", "--script", "endless.sh", "--max-steps", "5000"]),
        (101, &["hello.c", "--break-kloom"]),
    ];
    for form in ["json", "sarif", "junit", "github"] {
        for (code, arguments) in cases {
            let done = run(kloom(&dir).arg("run").args(*arguments).args(["--message-format", form])).unwrap();
            let what = format!("{arguments:?} as {form}");
            assert_eq!(done.code().unwrap(), *code, "{what}: {}{}", done.out(), done.err());
            well_formed(form, &done, &what);
        }
    }
}

#[test]
fn a_fault_of_the_host_in_kloom_itself_leaves_a_document() {
    let dir = place("fault", &[("endless.sh", b"while true; do true; done\n")]);
    for form in ["json", "sarif", "junit", "github"] {
        let child = kloom(&dir)
            .args(["run", "hello.c", "--script", "endless.sh", "--message-format", form])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Long enough that it runs, and nothing but kloom's own code runs in this scenario.
        support::rest(std::time::Duration::from_secs(2));
        assert!(Command::new("kill").args(["-SEGV", &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let done = Done { status: output.status, stdout: output.stdout, stderr: output.stderr };
        assert_eq!(done.code().unwrap(), 101, "{}{}", done.out(), done.err());
        well_formed(form, &done, form);
    }
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
fn names_that_mean_something_to_a_shell_are_only_names() {
    use std::os::unix::ffi::OsStrExt;
    let dir = place("shell-names", &[]);
    let names: [&[u8]; 6] = [b"with blank.c", "grüße.c".as_bytes(), b"-lead.c", b"a'b\"c.c", b"$x;y.c", b"a=b.c"];
    for name in names {
        let name = std::ffi::OsStr::from_bytes(name);
        fs::write(dir.join(name), HELLO).unwrap();
        let done = run(kloom(&dir).args(["run", "--for", "1s", "--"]).arg(name)).unwrap();
        assert_eq!(done.code().unwrap(), 0, "{name:?}: {}{}", done.out(), done.err());
        assert!(done.out().contains("hello") && done.out().contains("bye"), "{name:?}: {}", done.out());
    }
    let odd = std::ffi::OsStr::from_bytes(b"bad\xff.c");
    fs::write(dir.join(odd), HELLO).unwrap();
    let done = run(kloom(&dir).arg("run").arg(odd)).unwrap();
    assert_eq!(done.code().unwrap(), 2, "{}{}", done.out(), done.err());
    assert!(done.err().contains("is not UTF-8"), "{}", done.err());
    let parameter = HELLO.replace("module.h>\n", "module.h>\nstatic char *s;\nmodule_param(s, charp, 0);\n");
    fs::write(dir.join("words.c"), parameter.replace("\"bye\\n\"", "\"%s.\\n\", s")).unwrap();
    expect(&dir, &["run", "words.c", "s=a$b;c'd"], 0, "a$b;c'd.");
}

#[test]
fn output_that_cannot_be_written_is_an_error_of_its_own() {
    let dir = place("full", &[]);
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else { return };
    let child = kloom(&dir).args(["run", "hello.c"]).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot write to the standard output"), "{said}");
}

#[test]
fn an_interrupt_while_compiling_is_a_limit() {
    use std::os::unix::process::CommandExt;
    // Long enough to compile that the interrupt comes in the middle.
    let functions: String = (0..3000)
        .map(|n| format!("noinline int f{n}(int x)\n{{\n\tint y = x + {n};\n\n\treturn y > 100 ? y * 3 : y;\n}}\n"))
        .collect();
    let dir = place("interrupt", &[("large.c", (HELLO.to_string() + &functions).as_bytes())]);
    for form in ["human", "json"] {
        let mut command = kloom(&dir);
        command.args(["run", "large.c", "--message-format", form, "--cache-dir", "cache"]);
        let child = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        support::rest(std::time::Duration::from_millis(600));
        let group = format!("-{}", child.id());
        assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let done = Done { status: output.status, stdout: output.stdout, stderr: output.stderr };
        assert_eq!(done.code().unwrap(), 4, "{}{}", done.out(), done.err());
        assert!((done.out() + &done.err()).contains("stopped after an interrupt"), "{}{}", done.out(), done.err());
        if form == "json" {
            well_formed(form, &done, "interrupted");
        }
    }
}

#[test]
fn a_build_that_is_killed_leaves_a_usable_cache() {
    let dir = place("killed", &[]);
    for wait_ms in [5, 20, 50, 100, 200] {
        let mut child = kloom(&dir)
            .args(["run", "hello.c", "--cache-dir", "cache"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        support::rest(std::time::Duration::from_millis(wait_ms));
        let _ = child.kill();
        child.wait().unwrap();
        expect(&dir, &["run", "hello.c", "--cache-dir", "cache"], 0, "bye");
        fs::remove_dir_all(dir.join("cache/modules")).unwrap();
    }
}

#[test]
fn a_replay_that_does_not_fit_says_so() {
    let dir = place("misfit", &[("chatty.c", CHATTY.as_bytes()), ("mark.sh", b"\xef\xbb\xbfecho marked\n")]);
    let far = "kl1:01ffff0301";
    let done = call(&dir, &["run", "hello.c", "--replay", far]);
    if done.code().unwrap() == 0 {
        assert!(done.err().contains("schedule token is of another"), "{}", done.err());
    }
    let own = call(&dir, &["run", "chatty.c", "--for", "1s", "--seed", "5"]);
    let token = own.err().split_whitespace().find(|word| word.starts_with("kl1:")).unwrap().to_string();
    let again = expect(&dir, &["run", "chatty.c", "--for", "1s", "--replay", &token], 0, "one more line");
    assert!(!again.err().contains("of another") && again.out() == own.out(), "{}", again.err());
    let marked = expect(&dir, &["run", "hello.c", "--script", "mark.sh"], 0, "marked");
    assert!(!marked.out().contains("not found"), "{}", marked.out());
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

#[test]
fn the_second_engine_says_what_is_missing_and_what_it_knows() {
    let dir = fresh_dir("cli/linux");
    let unknown = run(kloom(&dir).args(["linux", "setup", "--release", "nosuch"])).expect("runs");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(unknown.err().contains("bookworm"), "{}", unknown.err());
    let empty = dir.join("cache");
    let missing = run(kloom(&dir).args(["linux", "run", "m.c", "--cache-dir"]).arg(&empty)).expect("runs");
    assert_eq!(missing.status.code(), Some(3), "{}", missing.err());
    assert!(missing.err().contains("kloom linux setup"), "{}", missing.err());
    let compare = run(kloom(&dir).args(["compare", "m.c", "--cache-dir"]).arg(&empty)).expect("runs");
    assert_eq!(compare.status.code(), Some(3), "{}", compare.err());
}

#[test]
fn a_suite_is_compared_without_qemu() {
    let dir = fresh_dir("cli/suite");
    let suite = support::workspace().join("tests/linux");
    for name in ["warn-on", "mod-twice"] {
        let case = dir.join("suite").join(name);
        std::fs::create_dir_all(&case).expect("made");
        for entry in std::fs::read_dir(suite.join(name)).expect("a case") {
            let path = entry.expect("an entry").path();
            std::fs::copy(&path, case.join(path.file_name().expect("a name"))).expect("copied");
        }
    }
    std::fs::write(dir.join("suite/known-differences.toml"), "").expect("written");
    let done = run(kloom(&dir).args(["compare", "--suite", "suite"])).expect("runs");
    assert_eq!(done.status.code(), Some(0), "{}{}", done.out(), done.err());
    assert!(done.out().contains("2 cases: 2 agree, 0 differ with a reason, 0 differ without one"), "{}", done.out());
    let capture = dir.join("suite/mod-twice/linux-6.1.capture");
    let text = std::fs::read_to_string(&capture).expect("a capture").replace("? 1\n", "? 0\n");
    std::fs::write(&capture, text).expect("written");
    let done = run(kloom(&dir).args(["compare", "--suite", "suite"])).expect("runs");
    assert_eq!(done.status.code(), Some(1), "{}{}", done.out(), done.err());
    assert!(done.out().contains("DIFFERS"), "{}", done.out());
}

/// Asks the processor; `%s` stands for the instruction.
const ASKS: &str = r#"#include <linux/module.h>

static int __init start(void)
{
	unsigned int low = 0, high = 0, rest = 0;

	asm volatile("%s" : "+a"(low), "+d"(high), "+c"(rest) : : "rbx", "cc");
	pr_info("%x %x\n", low, high);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
"#;

#[test]
fn a_module_that_asks_the_processor_is_told_not_to_repeat() {
    let module = |instruction: &str| ASKS.replace("%s", instruction).into_bytes();
    let has_rdrand = std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains(" rdrand"));
    let mut asked = vec!["rdtsc"];
    if has_rdrand {
        asked.push("rdrand %%eax");
    }
    for instruction in asked {
        let dir = place("asks", &[("asks.c", &module(instruction))]);
        for strategy in ["dpor", "random"] {
            let arguments = ["check", "asks.c", "--for", "0s", "--executions", "10", "--strategy", strategy];
            let done = expect(&dir, &arguments, 0, "depends on something outside the machine");
            assert!(done.err().contains("rdtsc") && done.err().contains("ktime_get()"), "{}", done.err());
            assert!(!done.err().contains(": exhausted"), "{}", done.err());
        }
    }
    // What does not change on one host cannot be seen by running twice.
    let dir = place("asks", &[("asks.c", &module("cpuid"))]);
    let done = call(&dir, &["check", "asks.c", "--for", "0s", "--executions", "10"]);
    assert!(!done.err().contains("outside the machine"), "{}", done.err());
}
