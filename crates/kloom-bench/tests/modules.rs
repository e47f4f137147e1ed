//! The bench modules do what their figures say they do.

use std::path::PathBuf;

use kloom_bench::module::{Module, Setup};

fn module(name: &str) -> Module {
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("modules");
    Module::build(name, &cache).unwrap_or_else(|error| panic!("{error}"))
}

fn setup(params: &str) -> Setup {
    Setup { params: params.into(), ..Setup::default() }
}

#[test]
fn each_schedule_is_a_switch() {
    let module = module("switch");
    let switches = |n: u64| module.run(&setup(&format!("n={n}")), &mut |_| ()).switches;
    assert_eq!(switches(3000) - switches(1000), 4000);
}

#[test]
fn threads_are_created_run_and_stopped() {
    for returns in 0..2 {
        // The module itself fails when one of them did not run.
        module("create").run(&setup(&format!("n=500 returns={returns}")), &mut |_| ());
    }
}

#[test]
fn a_round_trip_is_two_switches_on_one_cpu() {
    let module = module("wakeup");
    for by in 0..2 {
        let switches = |n: u64| module.run(&setup(&format!("n={n} by={by} cpus=1")), &mut |_| ()).switches;
        assert_eq!(switches(3000) - switches(1000), 4000, "by={by}");
        module.run(&setup(&format!("n=1000 by={by} cpus=2")), &mut |_| ());
    }
}

#[test]
fn a_crowd_is_alive_at_once() {
    let setup = Setup { keep: true, max_tasks: Some(60_000), ..setup("n=50000") };
    let ran = module("crowd").run(&setup, &mut |_| ());
    assert!(ran.switches >= 50_000, "each thread was on a CPU: {ran:?}");
}

#[test]
fn a_line_a_second() {
    let ran = module("second").run(&Setup { sleep_s: 3600, ..setup("say=1") }, &mut |_| ());
    // The timer wheel puts an msleep() of a second off by up to eight jiffies.
    assert!((3480..=3602).contains(&ran.lines), "{ran:?}");
}

#[test]
fn all_loops_have_the_same_basic_blocks() {
    let module = module("hooks");
    let blocks = |what: u32, n: u64| {
        let setup = Setup { count_blocks: true, ..setup(&format!("n={n} what={what}")) };
        module.run(&setup, &mut |_| ()).blocks
    };
    let per_round = |what| blocks(what, 3 * 4096) - blocks(what, 2 * 4096);
    let empty = per_round(0);
    for what in [1, 2, 3, 4, 6, 7] {
        let blocks = per_round(what);
        assert!((empty..empty + 4).contains(&blocks), "what={what}: {blocks} blocks, not {empty}");
    }
}
