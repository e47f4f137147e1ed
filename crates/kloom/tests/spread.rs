//! One check spread over jobs, processes and hosts, killed and gone on with: the report is that of one that was not.

#![forbid(unsafe_code)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use kloom_explore::parallel::State;
use support::{Done, fresh_dir, kloom, rest, run};

/// Two threads that meet at a mutex, without a bug.
const MEET: &str = r#"#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(lock);
static DECLARE_COMPLETION(done);
static int total;

static int work(void *unused)
{
	mutex_lock(&lock);
	total++;
	mutex_unlock(&lock);
	kthread_complete_and_exit(&done, 0);
	return 0;
}

static int __init start(void)
{
	kthread_run(work, NULL, "one");
	kthread_run(work, NULL, "two");
	wait_for_completion(&done);
	wait_for_completion(&done);
	return 0;
}

static void __exit finish(void)
{
	pr_info("%d\n", total);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
"#;

/// Two data races, and an order of marked accesses that is wrong.
const THREE: &str = r#"#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *tasks[2];
static int first, second, turn;

static int one(void *unused)
{
	if (READ_ONCE(turn) == 2)
		pr_info("%d\n", first);
	WRITE_ONCE(turn, 1);
	second = 1;
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int two(void *unused)
{
	first = 1;
	WARN_ON(READ_ONCE(turn) == 1);
	WRITE_ONCE(turn, 2);
	if (READ_ONCE(turn) == 1)
		pr_info("%d\n", second);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init start(void)
{
	tasks[0] = kthread_run(one, NULL, "one");
	tasks[1] = kthread_run(two, NULL, "two");
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
"#;

/// Two locks in two orders.
const ABBA: &str = r#"#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(a);
static DEFINE_MUTEX(b);
static struct task_struct *task;

static int backwards(void *unused)
{
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init start(void)
{
	task = kthread_run(backwards, NULL, "backwards");
	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(task);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
"#;

/// A module that makes threads from a thread, some only if it comes first, so that they are absent from the natural execution.
const SOME: &str = r#"#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>

static atomic_t turn;
static DECLARE_COMPLETION(done);

static int child(void *unused)
{
	atomic_inc(&turn);
	kthread_complete_and_exit(&done, 0);
	return 0;
}

static int parent(void *unused)
{
	if (atomic_inc_return(&turn) == 1)
		kthread_run(child, NULL, "child");
	else
		complete(&done);
	kthread_complete_and_exit(&done, 0);
	return 0;
}

static int __init start(void)
{
	kthread_run(parent, NULL, "parent");
	if (atomic_inc_return(&turn) == 1)
		kthread_run(child, NULL, "other");
	else
		complete(&done);
	wait_for_completion(&done);
	wait_for_completion(&done);
	wait_for_completion(&done);
	return 0;
}

static void __exit finish(void)
{
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
"#;

fn place(name: &str) -> PathBuf {
    let dir = fresh_dir(&format!("spread/{name}"));
    let make = |name, undo: &str| {
        format!(
            "\ttasks[{name}] = kthread_run(work, NULL, \"t{name}\");\n\tif (IS_ERR(tasks[{name}])) {{\n{undo}\t\treturn PTR_ERR(tasks[{name}]);\n\t}}\n"
        )
    };
    let careful = OFTEN
        .replace("\ttasks[0] = kthread_run(work, NULL, \"one\");\n", &make(0, ""))
        .replace("\ttasks[1] = kthread_run(work, NULL, \"two\");\n", &make(1, "\t\tkthread_stop(tasks[0]);\n"));
    fs::write(dir.join("careful.c"), careful).unwrap();
    for (file, text) in [("meet.c", MEET), ("abba.c", ABBA), ("some.c", SOME), ("often.c", OFTEN), ("three.c", THREE)] {
        fs::write(dir.join(file), text).unwrap();
    }
    dir
}

fn check(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = kloom(dir);
    command.arg("check").args(["--for", "1s", "--strategy", "dpor"]).args(arguments);
    command
}

fn done(command: &mut Command, code: i32) -> Done {
    let done = run(command).unwrap();
    assert_eq!(done.code().unwrap(), code, "{}{}", done.out(), done.err());
    done
}

fn state(path: &Path) -> State {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The report without the words for how the search was spread.
fn report(done: &Done) -> String {
    let text = done.out() + &done.err();
    text.lines().filter(|line| !line.contains("Checked ")).collect::<Vec<_>>().join("\n")
}

/// Two threads that meet at a mutex again and again: the search drops many executions, since who waits is seen late.
const OFTEN: &str = r#"#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(lock);
static struct task_struct *tasks[2];
static int total;

static int work(void *unused)
{
	while (!kthread_should_stop()) {
		mutex_lock(&lock);
		total++;
		mutex_unlock(&lock);
		msleep(200);
	}
	return 0;
}

static int __init start(void)
{
	tasks[0] = kthread_run(work, NULL, "one");
	tasks[1] = kthread_run(work, NULL, "two");
	return 0;
}

static void __exit finish(void)
{
	kthread_stop(tasks[0]);
	kthread_stop(tasks[1]);
}
module_init(start);
module_exit(finish);
MODULE_LICENSE("GPL");
"#;

#[test]
fn a_budget_counts_the_executions_that_the_report_counts() {
    let dir = place("budget");
    for strategy in ["portfolio", "dpor", "dfs", "random:1", "surw:1"] {
        let mut command = kloom(&dir);
        let arguments = ["check", "often.c", "--executions", "40", "--strategy", strategy];
        let told = done(command.args(arguments).args(["--message-format", "json"]), 0);
        let told: serde_json::Value = serde_json::from_str(&told.out()).unwrap();
        let explored = &told["explored"];
        assert_eq!((&explored["executions"], &explored["exhaustive"]), (&40.into(), &false.into()), "{strategy}");
        // What was dropped is told beside it.
        let dropped = explored["redundant"].as_u64().unwrap();
        assert!(dropped <= 40 * kloom_explore::search::DROPS_PER_EXECUTION, "{strategy}: {dropped}");
        if strategy == "dpor" {
            assert!(dropped > 0, "this module no longer shows what the test is about");
        }
    }
}

#[test]
fn a_check_that_ran_nothing_is_no_pass() {
    let dir = place("nothing");
    for budget in [["--executions", "0"], ["--time", "0s"]] {
        let told = done(kloom(&dir).args(["check", "often.c"]).args(budget), 4);
        assert!(told.err().contains("stopped after 0 executions, without a verdict"), "{}", told.err());
    }
}

#[test]
fn more_jobs_than_machines_fit_into_a_process_are_as_many_as_fit() {
    let dir = place("jobs");
    let told = |jobs| {
        let mut command = kloom(&dir);
        let told =
            done(command.args(["check", "often.c", "--strategy", "surw:1", "--executions", "200", "--jobs", jobs]), 0);
        told.err().lines().next().map(|line| line.split("wall").next().unwrap_or("").to_string())
    };
    assert!(told("1").is_some_and(|line| line.contains("in 200 executions")));
    assert!(told("64").is_some_and(|line| line.contains("in 200 executions")));
}

#[test]
fn a_module_that_cannot_be_inserted_is_a_wrong_input_of_a_check_too() {
    let dir = place("refused");
    let refuses =
        OFTEN.replace("module_init(start);", "static int rounds;\nmodule_param(rounds, int, 0);\nmodule_init(start);");
    assert_ne!(refuses, OFTEN, "its text has no place for a parameter");
    fs::write(dir.join("refuses.c"), refuses).unwrap();
    let told = done(kloom(&dir).args(["check", "refuses.c", "rounds=abc"]), 2);
    assert!(told.err().contains("error: the module cannot be inserted"), "{}", told.err());
}

#[test]
fn failing_calls_share_the_budget() {
    let dir = place("faults");
    let mut command = kloom(&dir);
    let told = done(command.args(["check", "meet.c", "--for", "1s", "--faults", "--executions", "60"]), 1);
    // A thread that was never made is waited for: seen before any search.
    assert!(told.err().contains("was made to fail"), "{}", told.err());
    let mut command = kloom(&dir);
    let arguments = ["check", "careful.c", "--faults", "--executions", "60", "--message-format", "json"];
    let told = done(command.args(arguments), 0);
    let told: serde_json::Value = serde_json::from_str(&told.out()).unwrap();
    let explored = &told["explored"];
    // A search that is exhausted sooner leaves its share over.
    assert!(explored["executions"].as_u64().is_some_and(|executions| executions <= 60), "{explored}");
    assert!(!explored["bounds"].to_string().contains("natural order only"), "{explored}");
}

#[test]
fn what_cannot_be_had_together_is_said_at_once() {
    let dir = place("refused");
    let refuses =
        OFTEN.replace("module_init(start);", "static int rounds;\nmodule_param(rounds, int, 0);\nmodule_init(start);");
    assert_ne!(refuses, OFTEN, "its text has no place for a parameter");
    fs::write(dir.join("refuses.c"), refuses).unwrap();
    for (arguments, text) in [
        (&["--faults", "--partition", "1/2"][..], "--faults goes with --jobs"),
        (&["--faults", "--save-state", "x"], "--faults goes with --jobs"),
        (&["--strategy", "dfs", "--jobs", "2"], "dfs, natural and a token run on one thread"),
        (&["--strategy", "surw:1", "--partition", "1/2"], "a seed of its own"),
        (&["--strategy", "pct:3", "--delays", "2"], "bound a search"),
        (&["--jobs", "0"], "a number from 1"),
    ] {
        let told = done(kloom(&dir).args(["check", "meet.c"]).args(arguments), 2);
        assert!(told.err().contains(text), "{arguments:?}: {}", told.err());
    }
    fs::write(dir.join("old"), r#"{"parts":[],"done":{}}"#).unwrap();
    let told = done(&mut check(&dir, &["meet.c", "--save-state", "old"]), 2);
    assert!(told.err().contains("another version of kloom"), "{}", told.err());
    done(&mut check(&dir, &["meet.c", "--save-state", "meet"]), 0);
    let told = done(&mut check(&dir, &["some.c", "--save-state", "meet"]), 2);
    assert!(told.err().contains("of another module"), "{}", told.err());
    let told = done(&mut check(&dir, &["meet.c", "--save-state", "meet", "--racy"]), 2);
    assert!(told.err().contains("other --early, --max-choices or --racy"), "{}", told.err());
    let told = done(&mut check(&dir, &["meet.c", "--save-state", "meet", "--preemptions", "1"]), 2);
    assert!(told.err().contains("other bounds (--preemptions, --delays)"), "{}", told.err());
}

/// The report without the host's time.
fn timeless(done: &Done) -> String {
    let text = done.out() + &done.err();
    let line = |line: &str| match (line.contains("wall"), line.rsplit_once(", ")) {
        (true, Some((head, _))) => head.rsplit_once(", ").map_or(String::new(), |(head, _)| head.to_string()),
        _ => line.to_string(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn any_number_of_jobs_gives_the_same_report_with_every_strategy() {
    let dir = place("same");
    for (arguments, code) in [
        (&["often.c", "--executions", "60"][..], 0),
        (&["often.c", "--executions", "60", "--strategy", "random:3"], 0),
        (&["often.c", "--executions", "60", "--strategy", "pct:3"], 0),
        (&["often.c", "--executions", "60", "--strategy", "pos"], 0),
        (&["often.c", "--executions", "60", "--strategy", "dpor", "--preemptions", "1"], 0),
        (&["often.c", "--executions", "60", "--strategy", "dpor", "--delays", "1"], 0),
        (&["abba.c"], 1),
        (&["abba.c", "--strategy", "surw:5"], 1),
        (&["abba.c", "--keep-going", "--executions", "300"], 1),
        (&["careful.c", "--faults", "--executions", "60"], 0),
    ] {
        let explore =
            |jobs: &str| timeless(&done(kloom(&dir).arg("check").args(arguments).args(["--jobs", jobs]), code));
        let alone = explore("1");
        assert_eq!(explore("2"), alone, "{arguments:?}");
        assert_eq!(explore("3"), alone, "{arguments:?}");
        // Without the flag there is one.
        assert_eq!(timeless(&done(kloom(&dir).arg("check").args(arguments), code)), alone, "{arguments:?}");
    }
}

#[test]
fn keep_going_tells_each_bug_once_in_every_format() {
    let dir = place("keep-going");
    let told = done(kloom(&dir).args(["check", "three.c", "--keep-going", "--executions", "400"]), 1);
    // Two races of one code, and what only an order without a preemption more shows.
    for bug in ["race between `one` and `two`", "of `first`", "of `second`", "WARN_ON"] {
        assert!(told.err().contains(bug), "{bug}\n{}", told.err());
    }
    assert!(told.err().contains("3 bugs in") && !told.err().contains("ended at the first"), "{}", told.err());
    for (format, once) in
        [("json", "\"code\": \"warn-on\""), ("sarif", "\"ruleId\": \"warn-on\""), ("junit", "type=\"warn-on\"")]
    {
        let told = done(
            kloom(&dir).args(["check", "three.c", "--keep-going", "--executions", "400", "--message-format", format]),
            1,
        );
        assert_eq!(told.out().matches(once).count(), 1, "{}", told.out());
    }
    let first = done(kloom(&dir).args(["check", "three.c", "--executions", "400"]), 1);
    assert!(first.err().contains("ended at the first"), "{}", first.err());
}

#[test]
fn bounds_on_delays_are_told() {
    let dir = place("delays");
    let told = done(&mut check(&dir, &["meet.c", "--delays", "0", "--jobs", "2"]), 0);
    assert!(told.err().contains("no bug in 1 execution (") && told.err().contains("delays"), "{}", told.err());
}

#[test]
fn one_job_and_two_come_to_the_same_state_and_the_same_report() {
    let dir = place("jobs");
    for (module, code) in [("meet.c", 0), ("abba.c", 1), ("some.c", 0)] {
        let explore = |jobs: &str| {
            let file = format!("{module}.{jobs}");
            let told = done(&mut check(&dir, &[module, "--keep-going", "--jobs", jobs, "--save-state", &file]), code);
            (state(&dir.join(&file)), told.out() + &told.err())
        };
        let (alone, both) = (explore("1"), explore("2"));
        assert!(alone.0.outcome().summary.exhausted, "{module}: {:?}", alone.0.outcome().summary);
        assert_eq!(alone, both, "{module}");
        // A search that is not cut counts one execution for each trace, too.
        let whole = done(&mut check(&dir, &[module]), code);
        if code == 0 {
            let counted = format!("no bug in {} executions", alone.0.outcome().summary.executions);
            assert!(whole.err().contains(&counted), "{module}: {counted}\n{}", whole.err());
        }
    }
}

#[test]
fn partitions_run_as_processes_are_merged_to_the_whole() {
    let dir = place("processes");
    for (module, code) in [("meet.c", 0), ("abba.c", 1)] {
        let children: Vec<_> = (1..=4)
            .map(|nth| {
                let (part, file) = (format!("{nth}/4"), format!("{module}.part{nth}"));
                let mut command = check(&dir, &[module, "--keep-going", "--partition", &part, "--save-state", &file]);
                command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
            })
            .collect();
        for mut child in children {
            let status = child.wait().unwrap();
            assert!(matches!(status.code(), Some(0 | 1)), "{status}");
        }
        let mut merge = kloom(&dir);
        merge.args(["merge", module, "--keep-going", "--for", "1s"]);
        for nth in 1..=4 {
            merge.arg("--state").arg(format!("{module}.part{nth}"));
        }
        let merged = done(&mut merge, code);
        let whole = done(&mut check(&dir, &[module, "--keep-going", "--jobs", "2"]), code);
        assert_eq!(report(&merged), report(&whole), "{module}");
    }
}

#[test]
fn a_check_that_is_killed_goes_on_where_it_was() {
    let dir = place("killed");
    let whole = dir.join("whole");
    done(&mut check(&dir, &["meet.c", "--save-state", "whole"]), 0);
    let wanted = state(&whole);
    let file = dir.join("state");
    // Killed again and again, always as soon as there is more than before.
    let executions = |state: &State| state.outcome().summary.executions;
    let mut known = 0;
    for _ in 0..3 {
        let mut command = check(&dir, &["meet.c", "--save-state", "state"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        loop {
            if file.exists() && executions(&state(&file)) > known {
                break;
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
            rest(Duration::from_millis(1));
        }
        // SIGKILL.
        let _ = child.kill();
        child.wait().unwrap();
        known = executions(&state(&file));
        assert!(known > 0);
    }
    done(&mut check(&dir, &["meet.c", "--save-state", "state"]), 0);
    assert_eq!(state(&file), wanted);
    // What is done is not done again: nothing changes any more.
    let written = fs::read(&file).unwrap();
    done(&mut check(&dir, &["meet.c", "--save-state", "state"]), 0);
    assert_eq!(fs::read(&file).unwrap(), written);
}

#[test]
fn a_check_goes_on_with_a_larger_budget() {
    let dir = place("budget-more");
    done(&mut check(&dir, &["meet.c", "--save-state", "whole"]), 0);
    for budget in ["1", "5", "20"] {
        let told = done(&mut check(&dir, &["meet.c", "--save-state", "state", "--executions", budget]), 0);
        assert!(told.err().contains(&format!("no bug in {budget} execution")), "{}", told.err());
    }
    done(&mut check(&dir, &["meet.c", "--save-state", "state"]), 0);
    assert_eq!(state(&dir.join("state")), state(&dir.join("whole")));
}

#[test]
fn an_interrupted_check_is_no_pass() {
    use std::os::unix::process::CommandExt;
    let dir = place("interrupted");
    let mut command = kloom(&dir);
    command.args(["check", "some.c", "--strategy", "random:1", "--executions", "100000000", "--time", "300s"]);
    let child = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    rest(Duration::from_millis(1500));
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told = Done { status: output.status, stdout: output.stdout, stderr: output.stderr };
    assert_eq!(told.code().unwrap(), 4, "{}", told.err());
    assert!(told.err().contains("stopped after an interrupt"), "{}", told.err());
}

#[test]
fn a_check_with_jobs_ends_at_its_time() {
    let dir = place("time");
    let late = run(&mut check(&dir, &["meet.c", "--jobs", "2", "--time", "1ms"])).unwrap();
    let told = late.err();
    // It depends on the host whether any execution ends in time; without one there is no verdict.
    assert!(matches!(late.code(), Ok(0 | 4)), "{told}");
    assert!(told.contains("NOT exhausted") && told.contains("time, or the user's wish to end"), "{told}");
}

#[test]
fn gnu_parallel_spreads_a_check() {
    let gnu = Command::new("parallel").arg("--version").output();
    if !gnu.is_ok_and(|seen| String::from_utf8_lossy(&seen.stdout).contains("GNU parallel")) {
        // The same is tested above, with processes of our own.
        return;
    }
    let dir = place("parallel");
    let kloom_at = kloom(&dir).get_program().to_string_lossy().into_owned();
    let mut parallel = Command::new("parallel");
    parallel.current_dir(&dir).args(["--will-cite", "-j2"]);
    parallel.arg(format!(
        "{kloom_at} check meet.c --for 1s --strategy dpor --partition {{}}/4 --save-state part{{}} --cache-dir {}",
        support::cache_dir().display()
    ));
    parallel.args([":::", "1", "2", "3", "4"]).stdin(Stdio::null());
    let spread = parallel.output().unwrap();
    assert!(spread.status.success(), "{}", String::from_utf8_lossy(&spread.stderr));
    let mut merge = kloom(&dir);
    merge.args(["merge", "meet.c", "--for", "1s"]);
    for nth in 1..=4 {
        merge.arg("--state").arg(format!("part{nth}"));
    }
    let merged = done(&mut merge, 0);
    assert!(merged.err().contains("exhausted"), "{}", merged.err());
}
