//! A check of Rust code does not depend on where its machine lies: with another machine alive in the process, which has
//! the first addresses, the same search makes the same executions and comes to the same verdict.

use std::sync::mpsc;

use kloom_rust::prelude::*;
use kloom_rust::sync::atomic::{AtomicUsize, Ordering};
use kloom_rust::workqueue::{self, Work};
use kloom_rust::{Checker, Strategy};

/// Executions, whether nothing is left, and the token of what failed.
type Seen = (u64, bool, Option<String>);

fn strategies() -> Vec<(Strategy, u64)> {
    vec![
        (Strategy::Dpor, 200),
        (Strategy::Random { seed: 1 }, 50),
        (Strategy::Pos { seed: 1 }, 50),
        (Strategy::Surw { seed: 1 }, 50),
        (Strategy::Pct { depth: 3, seed: 1 }, 50),
    ]
}

fn all(main: impl Fn() -> Result + Send + Sync + Clone + 'static) -> Vec<Seen> {
    let seen = |(strategy, most)| {
        let outcome = Checker::new().strategy(strategy).executions(most).explore(main.clone());
        (outcome.executions, outcome.exhausted, outcome.failure.map(|failure| failure.token().to_string()))
    };
    strategies().into_iter().map(seen).collect()
}

/// Runs `then` while a machine of another OS thread is alive.
fn beside_another<T>(then: impl FnOnce() -> T) -> T {
    let (tell, is_there) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            kloom_rust::run(move || -> Result {
                let _ = tell.send(());
                // Ends when the other side has gone.
                let _ = wait.recv();
                Ok(())
            });
        });
        is_there.recv().expect("a second machine");
        let done = then();
        drop(go);
        done
    })
}

/// Two threads and a work that meet at a mutex, an atomic and a completion; an update may be lost if `lossy`.
fn busy(lossy: bool) -> impl Fn() -> Result + Send + Sync + Clone + 'static {
    move || {
        let count = Arc::new(AtomicUsize::new(0), GFP_KERNEL)?;
        let total = Arc::new(Mutex::new(0), GFP_KERNEL)?;
        let done = Arc::new(Completion::new(), GFP_KERNEL)?;
        let theirs = total.clone();
        let work = Work::new(move || *theirs.lock() += 1);
        workqueue::system().enqueue(&work);
        for name in [c"left", c"right"] {
            let (count, total, done) = (count.clone(), total.clone(), done.clone());
            Thread::spawn(name, move || {
                if lossy {
                    let seen = count.load(Ordering::Relaxed);
                    count.store(seen + 1, Ordering::Relaxed);
                } else {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                *total.lock() += 1;
                done.complete();
            })?;
        }
        done.wait_for_completion();
        done.wait_for_completion();
        work.flush();
        assert_eq!(count.load(Ordering::Relaxed), 2, "an update was lost");
        Ok(())
    }
}

#[test]
fn a_check_is_the_same_in_every_slot() {
    for lossy in [false, true] {
        let here = all(busy(lossy));
        let there = beside_another(|| all(busy(lossy)));
        assert_eq!(here, there);
        assert_eq!(here.iter().any(|seen| seen.2.is_some()), lossy, "{here:?}");
    }
}
