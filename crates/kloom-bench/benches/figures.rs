//! The figures as criterion benches; `cargo run --release -p kloom-bench` prints them as one table with the design's.
//!
//! A module does the operation as often as criterion asks; a session that does it not at all is taken off.

use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use kloom_bench::module::{Module, Setup};
use kloom_bench::{peers, rate};

fn module(name: &str) -> Module {
    let cache = std::env::temp_dir().join("kloom-bench-criterion");
    Module::build(name, &cache).unwrap_or_else(|error| panic!("{error}"))
}

/// Adds a bench that runs `module` with `n` set to criterion's number of iterations.
fn kloom(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, module: &Module, params: &str) {
    let start_up = rate::fastest(5, || module.time(&format!("n=1 {params}")));
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|n| {
            module.time(&format!("n={n} {params}")).saturating_sub(start_up).max(Duration::from_nanos(1))
        });
    });
}

fn peer(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, run: fn(u64) -> Duration) {
    group.bench_function(name, |bencher| bencher.iter_custom(run));
}

fn operations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("switch");
    kloom(&mut group, "kloom (two switches)", &module("switch"), "");
    peer(&mut group, "coroutine", peers::coroutine_switches);
    peer(&mut group, "tokio", peers::tokio_switches);
    group.finish();
    let mut group = criterion.benchmark_group("create");
    kloom(&mut group, "kloom", &module("create"), "returns=1");
    peer(&mut group, "coroutine", peers::coroutine_creations);
    peer(&mut group, "std::thread", peers::thread_creations);
    peer(&mut group, "tokio", peers::tokio_creations);
    group.finish();
    let mut group = criterion.benchmark_group("work");
    kloom(&mut group, "kloom queue_work, batches of 1024", &module("work"), "how=0");
    kloom(&mut group, "kloom queue_work + flush_work", &module("work"), "how=1");
    peer(&mut group, "rayon spawn, batches", peers::rayon_batches);
    peer(&mut group, "tokio spawn, batches", peers::tokio_batches);
    group.finish();
    let mut group = criterion.benchmark_group("wakeup");
    let module = module("wakeup");
    kloom(&mut group, "kloom wake_up_process", &module, "by=0");
    kloom(&mut group, "kloom completion", &module, "by=1");
    peer(&mut group, "std::thread", peers::thread_round_trips);
    peer(&mut group, "tokio", peers::tokio_round_trips);
    group.finish();
}

fn time(criterion: &mut Criterion) {
    let module = module("second");
    let mut group = criterion.benchmark_group("virtual time");
    group.sample_size(10);
    for (name, say, sleep_s) in [("a day of printing", 1, 86_400), ("an hour of msleep", 0, 3600)] {
        let setup = Setup { params: format!("say={say}"), sleep_s, ..Setup::default() };
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|n| (0..n).map(|_| module.run(&setup, &mut |_| ()).time).sum());
        });
    }
    group.finish();
}

criterion_group!(figures, operations, time);
criterion_main!(figures);
