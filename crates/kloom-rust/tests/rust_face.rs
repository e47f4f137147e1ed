//! The Rust face: each part of its interface, where it holds and where it finds what is wrong.

use kloom_rust::prelude::*;
use kloom_rust::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use kloom_rust::time::{Delta, Instant};
use kloom_rust::workqueue::{self, DelayedWork, Queue, Work};
use kloom_rust::{Checker, Outcome, Strategy, delay, insmod};

fn explore(main: impl Fn() -> Result + Send + Sync + 'static) -> Outcome {
    Checker::new().explore(main)
}

/// Holds under every interleaving, and how many there are.
#[track_caller]
fn holds(main: impl Fn() -> Result + Send + Sync + 'static) -> u64 {
    let outcome = explore(main);
    if let Some(failure) = &outcome.failure {
        panic!("{failure}");
    }
    assert!(outcome.exhausted, "{outcome:?}");
    outcome.executions
}

/// Fails with this code; the story, which the token tells again.
#[track_caller]
fn fails(code: &str, main: impl Fn() -> Result + Send + Sync + Clone + 'static) -> String {
    let outcome = explore(main.clone());
    let failure = outcome.failure.unwrap_or_else(|| panic!("nothing found in {} executions", outcome.executions));
    assert_eq!(failure.code(), code, "{failure}");
    let again = Checker::new().replay_observed(failure.token(), main).expect("the replay fails, too");
    assert_eq!(again.code(), code);
    assert_eq!(again.report().choices, failure.report().choices);
    assert_eq!(again.report().wrong, failure.report().wrong);
    failure.to_string()
}

/// `threads` threads that enter a mutex `sections` times.
fn sections(threads: usize, sections: usize) -> impl Fn() -> Result + Send + Sync + Clone + 'static {
    move || {
        let total = Arc::new(Mutex::new(0), GFP_KERNEL)?;
        for _ in 0..threads {
            let total = total.clone();
            Thread::spawn(c"adder", move || {
                for _ in 0..sections {
                    *total.lock() += 1;
                }
            })?;
        }
        Ok(())
    }
}

#[test]
fn interleavings_of_critical_sections_are_counted_exactly() {
    assert_eq!(holds(sections(2, 3)), 20);
    assert_eq!(holds(sections(3, 2)), 90);
}
