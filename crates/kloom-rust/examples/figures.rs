//! Executions per second of the Rust face, and how many there are: `cargo run --release -p kloom-rust --example figures`.

use std::io::Write;
use std::time::Instant;

use kloom_rust::prelude::*;
use kloom_rust::{Checker, Strategy};

/// Three threads that enter one mutex twice each.
fn mutex() -> Result {
    let total = Arc::new(Mutex::new(0), GFP_KERNEL)?;
    for _ in 0..3 {
        let total = total.clone();
        Thread::spawn(c"adder", move || {
            for _ in 0..2 {
                *total.lock() += 1;
            }
        })?;
    }
    Ok(())
}

/// A queue of one place, one producer and one consumer of three numbers.
fn queue() -> Result {
    let shared = Arc::new((Mutex::new(None), CondVar::new()), GFP_KERNEL)?;
    let theirs = shared.clone();
    Thread::spawn(c"producer", move || {
        for number in 0..3 {
            let mut place = theirs.0.lock();
            while place.is_some() {
                theirs.1.wait(&mut place);
            }
            *place = Some(number);
            theirs.1.notify_all();
        }
    })?;
    for wanted in 0..3 {
        let mut place = shared.0.lock();
        while place.is_none() {
            shared.1.wait(&mut place);
        }
        assert_eq!(place.take(), Some(wanted));
        shared.1.notify_all();
    }
    Ok(())
}

/// A thread that is parked, let go and stopped.
fn handshake() -> Result {
    let thread = Thread::spawn(c"parked", || {
        while !Thread::should_stop() {
            if Thread::should_park() {
                Thread::park_me();
            }
        }
    })?;
    if thread.park().is_ok() {
        thread.unpark();
    }
    let _ = thread.stop();
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "host time is what is measured")]
fn main() {
    let mut out = std::io::stdout().lock();
    for (name, main) in [("mutex 3x2", mutex as fn() -> Result), ("queue 1x3", queue), ("handshake", handshake)] {
        let all = Checker::new().executions(200_000).check(main);
        // The same executions again and again, so that booting the machine does not count.
        let random = Checker::new().strategy(Strategy::Random { seed: 1 }).executions(100_000);
        let start = Instant::now();
        let ran = random.check(main);
        let random_s = ran.executions as f64 / start.elapsed().as_secs_f64();
        let start = Instant::now();
        let mut executions = 0;
        for _ in 0..200 {
            executions += Checker::new().executions(1000).check(main).executions;
        }
        let dpor_s = f64::from(u32::try_from(executions).unwrap_or(u32::MAX)) / start.elapsed().as_secs_f64();
        let _ = writeln!(
            out,
            "{name:10}  {:>6} executions (exhausted: {}, abandoned {}, boots {})  dpor {dpor_s:.0}/s with a boot each search  random {random_s:.0}/s (boots {})",
            all.executions, all.exhausted, all.abandoned, all.boots, ran.boots
        );
    }
}
