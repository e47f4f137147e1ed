//! One check spread over jobs, processes and hosts, killed and gone on with: the report is that of one that was not.

#![forbid(unsafe_code)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use kloom::check::{Saved, Share};
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

/// The same, not by reduction only.
fn check_by(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = kloom(dir);
    command.arg("check").args(["--for", "1s"]).args(arguments);
    command
}

fn merge(dir: &Path, module: &str, states: &[String]) -> Command {
    let mut command = kloom(dir);
    command.args(["merge", module, "--for", "1s"]);
    for state in states {
        command.arg("--state").arg(state);
    }
    command
}

fn saved(path: &Path) -> Saved {
    Saved::read(path).unwrap()
}

fn executions(saved: &Saved) -> u64 {
    saved.kept().summary().executions
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
    let dir = place("most-jobs");
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
    let dir = place("not-inserted");
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
        (&["--strategy", "dfs", "--jobs", "2"][..], "dfs, natural and a token run on one thread"),
        (&["--strategy", "dfs", "--partition", "1/2"], "dfs, natural and a token run on one thread"),
        (&["--strategy", "natural", "--save-state", "x"], "dfs, natural and a token run on one thread"),
        (&["--strategy", "pct:3", "--delays", "2"], "bound a search"),
        (&["--jobs", "0"], "a number from 1"),
    ] {
        let told = done(kloom(&dir).args(["check", "meet.c"]).args(arguments), 2);
        assert!(told.err().contains(text), "{arguments:?}: {}", told.err());
    }
    fs::write(dir.join("old"), r#"{"parts":[],"done":{}}"#).unwrap();
    let told = done(&mut check(&dir, &["meet.c", "--save-state", "old"]), 2);
    assert!(told.err().contains("another version of kloom"), "{}", told.err());
    for partition in ["0/2", "3/2", "1/99999999999999999999", "1/10001", "1", "1/0", "a/b"] {
        let told = done(kloom(&dir).args(["check", "meet.c", "--partition", partition]), 2);
        assert!(told.err().contains("a partition is I/N"), "{}", told.err());
    }
}

#[test]
fn a_state_that_does_not_fit_is_refused() {
    let dir = place("unfit");
    let explore = |arguments: &str, code| {
        let told = done(&mut check_by(&dir, &arguments.split(' ').collect::<Vec<_>>()), code);
        told.err()
    };
    explore("meet.c --strategy dpor --save-state meet", 0);
    explore("meet.c --strategy surw:1 --executions 40 --save-state surw", 0);
    explore("meet.c --executions 40 --partition 1/2 --save-state share", 0);
    for (arguments, text) in [
        ("some.c --strategy dpor --save-state meet", "of another module"),
        ("meet.c --strategy dpor --save-state meet --racy", "other --early, --max-choices or --racy"),
        ("meet.c --strategy dpor --save-state meet --preemptions 1", "of a check with --strategy dpor;"),
        ("meet.c --strategy dpor --save-state meet --executions 9", "--executions 10000, which can go on"),
        ("meet.c --save-state meet", "of a check with --strategy dpor;"),
        ("meet.c --strategy surw:2 --executions 40 --save-state surw", "of a check with --strategy surw:1;"),
        ("meet.c --strategy surw:1 --executions 40 --save-state surw --faults", "of a check with --strategy surw:1;"),
        ("meet.c --strategy surw:1 --executions 40 --save-state surw --partition 1/2", "without --partition"),
        ("meet.c --executions 40 --save-state share --delays 1", "of --partition 1/2;"),
        (
            "meet.c --executions 40 --save-state share --partition 1/2 --delays 1",
            "of a check with --strategy portfolio;",
        ),
        ("meet.c --executions 40 --save-state share --partition 2/2", "of --partition 1/2;"),
        ("meet.c --executions 40 --save-state share --partition 1/3", "of --partition 1/2;"),
    ] {
        let told = explore(arguments, 2);
        assert!(told.contains(text), "{arguments}: {told}");
    }
    for (states, text) in [
        (["share", "surw"], "of a check without --partition; the first"),
        (["surw", "meet"], "of a check with --strategy dpor; the first"),
        (["meet", "absent"], "cannot read absent"),
    ] {
        let told = done(&mut merge(&dir, "meet.c", &states.map(str::to_string)), 2);
        assert!(told.err().contains(text), "{}", told.err());
    }
    let told = done(&mut merge(&dir, "some.c", &["surw".to_string()]), 2);
    assert!(told.err().contains("of another module"), "{}", told.err());
}

#[test]
fn a_damaged_state_is_refused() {
    let dir = place("damaged");
    done(&mut check_by(&dir, &["meet.c", "--executions", "60", "--save-state", "state"]), 0);
    let whole = fs::read(dir.join("state")).unwrap();
    let told_of = |text: &[u8]| {
        fs::write(dir.join("state"), text).unwrap();
        let told = done(&mut check_by(&dir, &["meet.c", "--executions", "60", "--save-state", "state"]), 2);
        let merged = done(&mut merge(&dir, "meet.c", &["state".to_string()]), 2);
        assert_eq!(told.err(), merged.err());
        told.err()
    };
    let cut = [0, 1, whole.len() / 3, whole.len() - 1].map(|len| whole[..len].to_vec());
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    for text in cut.iter().chain([&changed, &b"no state\n{}".to_vec()]) {
        let told = told_of(text);
        assert!(told.contains("is no state of a check") || told.contains("is damaged"), "{told}");
    }
    for old in [r#"{"parts":[],"done":{}}"#, r#"{"form":4,"subject":1}"#] {
        let told = told_of(old.as_bytes());
        assert!(told.contains("another version of kloom"), "{told}");
    }
    fs::write(dir.join("state"), &whole).unwrap();
    done(&mut check_by(&dir, &["meet.c", "--executions", "60", "--save-state", "state"]), 0);
    assert_eq!(fs::read(dir.join("state")).unwrap(), whole);
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
fn what_bounds_leave_out_is_sampled() {
    let dir = place("bounded");
    for bound in ["--preemptions", "--delays"] {
        let arguments = ["meet.c", bound, "0", "--executions", "200"];
        let told = done(&mut check_by(&dir, &arguments), 0);
        assert!(
            told.err().contains("in 200 executions (portfolio: exhausted within bounds, and sampled 1"),
            "{}",
            told.err()
        );
        assert!(told.err().contains(&format!("{} (samples go beyond)", &bound[2..])), "{}", told.err());
    }
    // A bound that leaves nothing out.
    let told = done(&mut check_by(&dir, &["meet.c", "--preemptions", "99"]), 0);
    assert!(told.err().contains("portfolio: exhausted") && !told.err().contains("sampled"), "{}", told.err());
}

/// What a check can go by.
const HOW: &[&[&str]] = &[
    &["often.c", "--executions", "80", "--strategy", "dpor"],
    &["often.c", "--executions", "80"],
    &["often.c", "--executions", "80", "--preemptions", "1", "--delays", "2"],
    &["often.c", "--executions", "80", "--strategy", "random:3"],
    &["often.c", "--executions", "80", "--strategy", "pct:3"],
    &["often.c", "--executions", "80", "--strategy", "pos"],
    &["often.c", "--executions", "80", "--strategy", "surw:2"],
    &["careful.c", "--executions", "80", "--faults"],
    &["three.c", "--executions", "120", "--keep-going"],
    &["meet.c", "--executions", "120", "--keep-going", "--faults", "--strategy", "surw:1"],
    &["abba.c", "--strategy", "dpor", "--keep-going"],
    &["some.c", "--strategy", "dpor"],
];

#[test]
fn one_job_and_two_come_to_the_same_state_and_the_same_report() {
    let dir = place("jobs");
    for (nth, arguments) in HOW.iter().enumerate() {
        let explore = |jobs: &str| {
            let file = format!("{nth}.{jobs}");
            let told = run(check_by(&dir, arguments).args(["--jobs", jobs, "--save-state", &file])).unwrap();
            (saved(&dir.join(&file)), told.code(), told.out() + &told.err())
        };
        let (alone, both) = (explore("1"), explore("2"));
        assert_eq!(alone, both, "{arguments:?}");
        // Without a file it is the same.
        let plain = run(&mut check_by(&dir, arguments)).unwrap();
        assert_eq!((plain.code(), plain.out() + &plain.err()), (alone.1, alone.2), "{arguments:?}");
    }
}

#[test]
fn partitions_run_as_processes_are_merged_to_the_whole() {
    let dir = place("processes");
    for (module, code) in [("meet.c", 0), ("abba.c", 1)] {
        let file = |nth: usize| format!("{module}.part{nth}");
        let children: Vec<_> = (1..=4)
            .map(|nth| {
                let part = format!("{nth}/4");
                let mut command =
                    check(&dir, &[module, "--keep-going", "--partition", &part, "--save-state", &file(nth)]);
                command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
            })
            .collect();
        for mut child in children {
            let status = child.wait().unwrap();
            assert!(matches!(status.code(), Some(0 | 1)), "{status}");
        }
        let merged = done(merge(&dir, module, &[1, 2, 3, 4].map(file)).arg("--keep-going"), code);
        let whole = done(&mut check(&dir, &[module, "--keep-going", "--jobs", "2"]), code);
        assert_eq!(report(&merged), report(&whole), "{module}");
    }
}

#[test]
fn shares_of_every_kind_of_check_make_up_the_whole() {
    let dir = place("shares");
    // The test above is about the reduction.
    for (nth, arguments) in HOW.iter().enumerate().filter(|(_, arguments)| !arguments.contains(&"dpor")) {
        let part = |share: usize, file: &str, jobs: &str| {
            let partition = format!("{share}/3");
            let mut command = check_by(&dir, arguments);
            run(command.args(["--partition", &partition, "--save-state", file, "--jobs", jobs])).unwrap();
            saved(&dir.join(file))
        };
        let files = [1, 2, 3].map(|share| format!("{nth}.{share}"));
        let parts = [1, 2, 3].map(|share| part(share, &files[share - 1], "1"));
        assert_eq!(part(2, &format!("{nth}.again"), "2"), parts[1], "{arguments:?}");
        for (share, alone) in parts.iter().enumerate() {
            assert_eq!(alone.shares.values().collect::<Vec<_>>(), [&Share::Done]);
            // Each failing call is searched by one share.
            for (rule, search) in alone.searches[1..].iter().enumerate() {
                assert_eq!(search.beforehand.is_some(), rule % 3 == share, "{arguments:?}");
            }
        }
        let mut merging = merge(&dir, arguments[0], &files);
        merging.args(["--keep-going", "--message-format", "json"]);
        let merged = run(&mut merging).unwrap();
        let whole = run(&mut check_by(&dir, arguments)).unwrap();
        // Some find in three times what others find at once; with samples it is chance who does.
        assert_eq!(merged.code(), whole.code(), "{arguments:?}: {}{}", merged.out(), whole.err());
        let told: serde_json::Value = serde_json::from_str(&merged.out()).unwrap();
        let all: u64 = parts.iter().map(executions).sum();
        assert_eq!(told["explored"]["executions"], all, "{arguments:?}");
        // Given twice, they count once.
        for file in &files {
            merging.arg("--state").arg(file);
        }
        let twice: serde_json::Value = serde_json::from_str(&run(&mut merging).unwrap().out()).unwrap();
        let counted = |told: &serde_json::Value| (told["explored"]["executions"].clone(), told["findings"].clone());
        assert_eq!(counted(&twice), counted(&told), "{arguments:?}");
        let budget = arguments.iter().skip_while(|argument| **argument != "--executions").nth(1);
        if arguments.contains(&"--strategy") && !arguments.contains(&"--keep-going") {
            assert_eq!(Some(all.to_string().as_str()), budget.copied(), "{arguments:?}");
        }
    }
}

#[test]
fn a_merge_without_all_shares_is_no_verdict() {
    let dir = place("missing");
    let arguments = ["often.c", "--executions", "90", "--strategy", "pos:1"];
    for share in ["1", "2", "3"] {
        let partition = format!("{share}/3");
        let time = if share == "3" { "0s" } else { "60s" };
        let rest = ["--partition", &partition, "--save-state", share, "--time", time];
        done(check_by(&dir, &arguments).args(rest), if share == "3" { 4 } else { 0 });
    }
    let merged = |shares: &[&str], code| {
        let shares: Vec<String> = shares.iter().map(|share| share.to_string()).collect();
        done(&mut merge(&dir, "often.c", &shares), code).err()
    };
    let told = merged(&["1"], 4);
    assert!(told.contains("stopped after 1 share, without a verdict"), "{told}");
    assert!(told.contains("give `kloom merge` the states of all shares"), "{told}");
    assert!(told.contains("shares 2-3 of 3 (not in this report)"), "{told}");
    // One whose time is up is told, as it is of a check that is not shared.
    let told = merged(&["1", "2", "3"], 0);
    assert!(told.contains("in 60 executions (pos:1, 3 states merged: sampled 60, NOT exhausted)"), "{told}");
    assert!(told.contains("share 3 of 3 (ended by time)"), "{told}");
    // One that was killed.
    let mut killed = saved(&dir.join("2"));
    killed.shares.insert(1, Share::Open);
    killed.kept().write(&dir.join("killed")).unwrap();
    let told = merged(&["1", "killed", "3"], 4);
    assert!(told.contains("share 2 of 3 (not come to the end)"), "{told}");
    // It has gone on since.
    merged(&["1", "killed", "2", "3"], 0);
}

#[test]
fn a_check_that_is_killed_goes_on_where_it_was() {
    let dir = place("killed");
    let how = [
        &["meet.c", "--strategy", "dpor"][..],
        &["often.c", "--executions", "2000", "--strategy", "surw:1"],
        &["often.c", "--executions", "2000", "--jobs", "2"],
        &["careful.c", "--executions", "3000", "--faults"],
        &["careful.c", "--executions", "4000", "--faults", "--partition", "2/2", "--strategy", "pct:3"],
    ];
    for (nth, arguments) in how.into_iter().enumerate() {
        let [whole, file] = ["whole", "state"].map(|name| format!("{name}.{nth}"));
        let begun = |file: &str| {
            let mut command = check_by(&dir, arguments);
            command.args(["--save-state", file]);
            command
        };
        let uninterrupted = done(&mut begun(&whole), 0);
        let (wanted, path) = (saved(&dir.join(&whole)), dir.join(&file));
        // Ended again and again, always as soon as there is more than before.
        let mut known = 0;
        for signal in ["-KILL", "-INT", "-KILL", "-INT"] {
            let mut child = begun(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            while child.try_wait().unwrap().is_none() {
                if path.exists() && executions(&saved(&path)) > known {
                    break;
                }
                rest(Duration::from_millis(1));
            }
            // It may have come to its end before.
            let _ =
                Command::new("kill").arg(signal).arg(child.id().to_string()).stderr(Stdio::null()).status().unwrap();
            child.wait().unwrap();
            known = executions(&saved(&path));
            assert!(known > 0);
        }
        let told = done(&mut begun(&file), 0);
        assert_eq!(saved(&path), wanted, "{arguments:?}");
        assert_eq!(timeless(&told), timeless(&uninterrupted), "{arguments:?}");
        // What is done is not done again: nothing changes any more.
        let written = fs::read(&path).unwrap();
        done(&mut begun(&file), 0);
        assert_eq!(fs::read(&path).unwrap(), written);
    }
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
    assert_eq!(saved(&dir.join("state")), saved(&dir.join("whole")));
    for (nth, how) in [&["--strategy", "surw:1"][..], &[], &["--faults"]].into_iter().enumerate() {
        let file = format!("state{nth}");
        for budget in ["30", "31", "120"] {
            let arguments = [&["careful.c", "--executions", budget, "--save-state", &file], how].concat();
            let told = done(&mut check_by(&dir, &arguments), 0);
            let counted = executions(&saved(&dir.join(&file)));
            assert!(counted.to_string() == budget || how == ["--faults"] && counted <= 120, "{}", told.err());
        }
        let whole = [&["careful.c", "--executions", "120", "--save-state", "surw"], how].concat();
        if nth == 0 {
            done(&mut check_by(&dir, &whole), 0);
            assert_eq!(saved(&dir.join(&file)), saved(&dir.join("surw")));
        }
    }
}

#[test]
fn what_ended_at_the_first_failure_goes_on_with_keep_going() {
    let dir = place("first-failure");
    for (file, how) in [("dpor", "dpor"), ("sampled", "surw:3")] {
        let explore = |file: &str, rest: &[&str]| {
            let arguments = ["three.c", "--strategy", how, "--executions", "300", "--save-state", file];
            done(check_by(&dir, &arguments).args(rest), 1)
        };
        let first = explore(file, &[]);
        assert_eq!(timeless(&explore(file, &[])), timeless(&first), "{how}");
        assert!(first.err().contains("ended at the first that failed"), "{}", first.err());
        let all = explore(file, &["--keep-going"]);
        assert_eq!(timeless(&all), timeless(&explore(&format!("{file}.whole"), &["--keep-going"])), "{how}");
    }
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
    let merged = done(&mut merge(&dir, "meet.c", &[1, 2, 3, 4].map(|nth| format!("part{nth}"))), 0);
    assert!(merged.err().contains("exhausted"), "{}", merged.err());
}
