//! How fast the searches are by themselves: a program that costs next to nothing, three threads that each lock and unlock
//! one mutex twice, in one step and with a step inside. One element is one execution.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kloom_explore::search::{Access, Candidate, Dfs, Dpor, Ending, Kind, Limits, Pick, Random, Search, Surw};

const THREADS: usize = 3;
const SECTIONS: usize = 2;

/// Runs executions until the search is over or `most` are done; returns how many.
fn explore(search: &mut dyn Search, steps: usize, most: u64) -> u64 {
    let mutex = 7;
    let acquire = Access { object: mutex, kind: Kind::Acquire };
    let release = Access { object: mutex, kind: Kind::Release };
    let mut candidates = Vec::with_capacity(THREADS);
    let mut executions = 0;
    while executions < most && search.begin().is_some() {
        let mut done = [0; THREADS];
        let mut owner = None;
        let mut last = None;
        let ending = loop {
            candidates.clear();
            let goes_on =
                last.is_some_and(|last: usize| done[last] < SECTIONS * steps && owner.is_none_or(|o| o == last));
            for (thread, &done) in done.iter().enumerate() {
                let inside = done % steps != 0;
                if done < SECTIONS * steps && (inside || owner.is_none()) {
                    let first =
                        if inside { Access { object: 100 + thread as u64, kind: Kind::Write } } else { acquire };
                    candidates.push(Candidate {
                        thread: thread as u32,
                        first: Some(first),
                        preempts: goes_on && last != Some(thread),
                        lazy: false,
                    });
                }
            }
            if candidates.is_empty() {
                break Ending::Ok;
            }
            let Pick::Run(index) = search.pick(&candidates) else { break Ending::Abandoned };
            let candidate = candidates[index];
            let thread = candidate.thread as usize;
            let first = candidate.first.unwrap_or(acquire);
            done[thread] += 1;
            if done[thread] % steps == 0 {
                owner = None;
                search.stepped(candidate.thread, &[first, release]);
            } else {
                owner = Some(thread);
                search.stepped(candidate.thread, &[first]);
            }
            last = Some(thread);
        };
        search.end(ending);
        executions += 1;
    }
    executions
}

fn searches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mutex 3x2");
    for (name, steps) in [("dpor, one step", 1), ("dpor, two steps", 2)] {
        assert_eq!(explore(&mut Dpor::new(Limits::default()), steps, u64::MAX), 90);
        group.throughput(Throughput::Elements(90));
        group.bench_function(name, |bencher| {
            bencher.iter(|| explore(&mut Dpor::new(Limits::default()), steps, u64::MAX));
        });
    }
    // Nobody else can run while one is inside: there are no more interleavings than traces.
    assert_eq!(explore(&mut Dfs::new(Limits::default()), 2, u64::MAX), 90);
    group.bench_function("dfs", |bencher| bencher.iter(|| explore(&mut Dfs::new(Limits::default()), 2, u64::MAX)));
    group.throughput(Throughput::Elements(1000));
    group.bench_function("random", |bencher| bencher.iter(|| explore(&mut Random::new(1), 2, 1000)));
    group.bench_function("surw", |bencher| bencher.iter(|| explore(&mut Surw::new(1), 2, 1000)));
    group.finish();
}

criterion_group!(benches, searches);
criterion_main!(benches);
