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

#[test]
fn dpor_sees_what_dfs_sees_in_fewer_executions() {
    let dfs = Checker::new().strategy(Strategy::Dfs).explore(sections(2, 2));
    let dpor = Checker::new().explore(sections(2, 2));
    assert!(dfs.exhausted && dpor.exhausted && dfs.failure.is_none());
    assert_eq!(dpor.executions, 6);
    assert!(dfs.executions > dpor.executions, "{dfs:?}");
    assert_eq!(dpor.boots, 1, "a clean machine is wound back");
}

#[test]
fn a_panic_is_told_with_thread_line_and_schedule() {
    let story = fails("panic", || {
        let count = Arc::new(AtomicUsize::new(0), GFP_KERNEL)?;
        for name in [c"left", c"right"] {
            let count = count.clone();
            Thread::spawn(name, move || {
                let seen = count.load(Ordering::Relaxed);
                count.store(seen + 1, Ordering::Relaxed);
                if count.load(Ordering::Relaxed) < seen {
                    panic!("went back to {seen}");
                }
                assert_eq!(count.load(Ordering::Relaxed), seen + 1, "an increment was lost or came in between");
            })?;
        }
        Ok(())
    });
    assert!(story.contains("thread `left` panicked") || story.contains("thread `right` panicked"), "{story}");
    assert!(story.contains("rust_face.rs"), "{story}");
    assert!(story.contains("AtomicUsize::store"), "{story}");
    assert!(story.contains("kloom::replay(\"kl2:"), "{story}");
}

/// Two increments of a load and a store each.
fn lost_update() -> Result {
    let count = Arc::new(AtomicUsize::new(0), GFP_KERNEL)?;
    let done = Arc::new(Completion::new(), GFP_KERNEL)?;
    let (theirs, signal) = (count.clone(), done.clone());
    Thread::spawn(c"other", move || {
        theirs.store(theirs.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        signal.complete();
    })?;
    count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    done.wait_for_completion();
    assert_eq!(count.load(Ordering::Relaxed), 2, "an increment was lost");
    Ok(())
}

#[test]
fn every_strategy_but_the_natural_finds_a_lost_update_and_tells_a_simple_execution() {
    let strategies = [
        Strategy::Dpor,
        Strategy::Dfs,
        Strategy::Random { seed: 3 },
        Strategy::Pct { depth: 3, seed: 3 },
        Strategy::Pos { seed: 3 },
        Strategy::Surw { seed: 3 },
        Strategy::Portfolio { executions: 1, seed: 3 },
    ];
    let mut told = Vec::new();
    for strategy in strategies {
        let outcome = Checker::new().strategy(strategy.clone()).explore(lost_update);
        let failure = outcome.failure.unwrap_or_else(|| panic!("{strategy:?} finds nothing"));
        let story = failure.to_string();
        assert!(story.contains("an increment was lost") && story.contains("rust_face.rs"), "{story}");
        assert!(story.contains(&format!("kloom::replay(\"{}\"", failure.token())), "{story}");
        let again = Checker::new().replay_observed(failure.token(), lost_update).expect("the replay fails, too");
        assert_eq!(again.report().choices, failure.report().choices);
        told.push(failure.report().choices.len());
    }
    assert!(told.iter().all(|steps| (9..=10).contains(steps)), "{told:?}");
    assert!(Checker::new().strategy(Strategy::Natural).explore(lost_update).failure.is_none());
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    let explore = |jobs| Checker::new().jobs(jobs).explore(sections(3, 2));
    let (alone, both) = (explore(1), explore(2));
    assert_eq!((alone.executions, alone.exhausted), (90, true), "{alone:?}");
    assert_eq!((both.executions, both.exhausted, both.abandoned), (90, true, alone.abandoned), "{both:?}");
    let explore = |jobs| Checker::new().jobs(jobs).explore(lost_update);
    let tell = |outcome: Outcome| {
        let failure = outcome.failure.expect("it fails");
        (outcome.executions, failure.token().to_string(), failure.report().clone())
    };
    assert_eq!(tell(explore(1)), tell(explore(2)));
    let strategies =
        [Strategy::Random { seed: 3 }, Strategy::Surw { seed: 3 }, Strategy::Portfolio { executions: 1, seed: 3 }];
    for strategy in strategies {
        let explore = |jobs| Checker::new().strategy(strategy.clone()).jobs(jobs).explore(lost_update);
        assert_eq!(tell(explore(1)), tell(explore(2)), "{strategy:?}");
        let explore =
            |jobs| Checker::new().strategy(strategy.clone()).executions(50).jobs(jobs).explore(sections(3, 2));
        let (alone, both) = (explore(1), explore(2));
        assert_eq!((alone.executions, alone.exhausted), (50, false), "{strategy:?}: {alone:?}");
        assert_eq!((both.executions, both.exhausted, both.cut), (50, false, alone.cut), "{strategy:?}: {both:?}");
    }
    let all = Checker::new().strategy(Strategy::Portfolio { executions: 100, seed: 1 }).jobs(2).explore(sections(2, 2));
    assert_eq!((all.executions, all.exhausted), (6, true));
}

#[test]
fn nothing_is_left_behind_from_one_execution_to_the_next() {
    let many = Checker::new().strategy(Strategy::Random { seed: 1 }).executions(20_000);
    let seen = many.explore(sections(3, 2));
    assert_eq!((seen.executions, seen.boots), (20_000, 1));
    // With abandoned executions in between, too.
    let bounded = Checker::new().preemptions(1).explore(sections(3, 3));
    assert!(bounded.abandoned > 0 && bounded.boots <= 2, "{bounded:?}");
    let shared = Checker::new().jobs(1).explore(sections(3, 3));
    assert_eq!((shared.executions, shared.abandoned, shared.exhausted), (1680, 0, true));
}

#[test]
fn a_budget_ends_a_sampler_and_a_portfolio_that_sees_all_says_so() {
    let samples = Checker::new().strategy(Strategy::Pos { seed: 1 }).executions(50).explore(sections(2, 2));
    assert_eq!((samples.executions, samples.exhausted), (50, false));
    let all = Strategy::Portfolio { executions: 100, seed: 1 };
    let all = Checker::new().strategy(all).explore(sections(2, 2));
    assert_eq!((all.executions, all.exhausted), (6, true));
}

#[test]
fn an_increment_in_one_step_is_never_lost() {
    let executions = holds(|| {
        let count = Arc::new(AtomicUsize::new(0), GFP_KERNEL)?;
        let done = Arc::new(Completion::new(), GFP_KERNEL)?;
        for _ in 0..2 {
            let (count, done) = (count.clone(), done.clone());
            Thread::spawn(c"adder", move || {
                count.fetch_add(1, Ordering::Relaxed);
                done.complete();
            })?;
        }
        done.wait_for_completion();
        done.wait_for_completion();
        assert_eq!(count.load(Ordering::Relaxed), 2);
        Ok(())
    });
    assert!(executions > 1);
}

#[test]
fn two_locks_in_two_orders_are_a_deadlock() {
    let story = fails("deadlock", || {
        let locks = Arc::new((Mutex::new(()), Mutex::new(())), GFP_KERNEL)?;
        let theirs = locks.clone();
        let done = Arc::new(Completion::new(), GFP_KERNEL)?;
        let signal = done.clone();
        Thread::spawn(c"backwards", move || {
            let _second = theirs.1.lock();
            let _first = theirs.0.lock();
            signal.complete();
        })?;
        {
            let _first = locks.0.lock();
            let _second = locks.1.lock();
        }
        done.wait_for_completion();
        Ok(())
    });
    assert!(story.contains("waits in `Mutex::lock`, for what `backwards` has"), "{story}");
    assert!(story.contains("waits in `Mutex::lock`, for what `main` has"), "{story}");
}

#[test]
fn one_order_is_none() {
    holds(|| {
        let locks = Arc::new((Mutex::new(()), Mutex::new(())), GFP_KERNEL)?;
        let theirs = locks.clone();
        Thread::spawn(c"forwards", move || {
            let _first = theirs.0.lock();
            let _second = theirs.1.lock();
        })?;
        let _first = locks.0.lock();
        let _second = locks.1.lock();
        Ok(())
    });
}

#[test]
fn a_deadlock_that_main_does_not_wait_for_is_one() {
    let story = fails("deadlock", || {
        let (a, b) = (Arc::new(Mutex::new(0), GFP_KERNEL)?, Arc::new(Mutex::new(0), GFP_KERNEL)?);
        let (a2, b2) = (a.clone(), b.clone());
        Thread::spawn(c"ab", move || {
            let _first = a.lock();
            *b.lock() += 1;
        })?;
        Thread::spawn(c"ba", move || {
            let _first = b2.lock();
            *a2.lock() += 1;
        })?;
        Ok(())
    });
    assert!(story.contains("for what `ba` has") && story.contains("for what `ab` has"), "{story}");
}

#[test]
fn taking_a_mutex_twice_is_a_deadlock_with_oneself() {
    let story = fails("deadlock", || {
        let lock = Mutex::new(0);
        let _held = lock.lock();
        let _again = lock.lock();
        Ok(())
    });
    assert!(story.contains("`main, itself` has"), "{story}");
}

#[test]
fn a_thread_stopped_before_it_ran_never_runs() {
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let note = std::sync::Arc::clone(&seen);
    holds(move || {
        let thread = Thread::spawn(c"short", || 7)?;
        let bit = match thread.stop() {
            Ok(7) => 1,
            Err(code::EINTR) => 2,
            other => panic!("{other:?}"),
        };
        note.fetch_or(bit, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    });
    assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 3, "both ends were seen");
}

#[test]
fn dropping_an_unstarted_thread_stops_it() {
    holds(|| {
        let owned = Arc::new((), GFP_KERNEL)?;
        let theirs = owned.clone();
        let created = Thread::new(c"never", move || -> i32 {
            let _owned = theirs;
            unreachable!("nobody starts it");
        })?;
        drop(created);
        assert!(owned.into_unique_or_drop().is_some(), "what the function owned is dropped");
        Ok(())
    });
}

#[test]
fn what_a_thread_returns_is_what_stop_gives() {
    holds(|| {
        let done = Arc::new(Completion::new(), GFP_KERNEL)?;
        let theirs = done.clone();
        let thread = Thread::new(c"fails", move || -> Result {
            theirs.complete();
            Err(code::EIO)
        })?
        .bind(1)
        .start();
        assert!(thread.pid() > 99);
        done.wait_for_completion();
        assert_eq!(thread.stop(), Err(code::EIO));
        Ok(())
    });
}

#[test]
fn a_loop_that_looks_at_should_stop_ends() {
    holds(|| {
        let thread = Thread::spawn_on(1, c"loop", || while !Thread::should_stop() {})?;
        let _ = thread.stop();
        Ok(())
    });
}

#[test]
fn a_thread_that_nobody_stops_is_left_behind() {
    let story = fails("thread-leak", || {
        let never = Arc::new(Completion::new(), GFP_KERNEL)?;
        Thread::spawn(c"orphan", move || never.wait_for_completion()).map(drop)
    });
    assert!(story.contains("`orphan`"), "{story}");
    assert!(story.contains("created at"), "{story}");
}

#[test]
fn waiting_for_a_flag_nobody_sets_is_a_livelock() {
    let story = fails("livelock", || {
        let flag = AtomicBool::new(false);
        while !flag.load(Ordering::Acquire) {}
        Ok(())
    });
    assert!(story.contains("AtomicBool::load"), "{story}");
}

#[test]
fn a_thread_that_sleeps_and_never_looks_is_a_hang() {
    let outcome = Checker::new().strategy(Strategy::Natural).explore(|| {
        let thread = Thread::spawn(c"deaf", || -> i32 {
            loop {
                delay::fsleep(Delta::from_secs(1));
            }
        })?;
        delay::fsleep(Delta::from_secs(3));
        let _ = thread.stop();
        Ok::<(), Error>(())
    });
    let failure = outcome.failure.expect("the stop never ends");
    assert_eq!(failure.code(), "hung-task", "{failure}");
    assert!(failure.to_string().contains("`main` has waited"), "{failure}");
}

#[test]
fn a_wakeup_without_the_condition_is_lost() {
    // The flag is set without the lock: between the test and the sleep.
    let story = fails("deadlock", || {
        let shared = Arc::new((Mutex::new(()), CondVar::new(), AtomicBool::new(false)), GFP_KERNEL)?;
        let theirs = shared.clone();
        Thread::spawn(c"setter", move || {
            theirs.2.store(true, Ordering::Release);
            theirs.1.notify_one();
        })?;
        let mut guard = shared.0.lock();
        while !shared.2.load(Ordering::Acquire) {
            shared.1.wait(&mut guard);
        }
        Ok(())
    });
    assert!(story.contains("`CondVar::wait`"), "{story}");
}

#[test]
fn a_wakeup_under_the_lock_is_not() {
    holds(|| {
        let shared = Arc::new((Mutex::new(false), CondVar::new()), GFP_KERNEL)?;
        for name in [c"one", c"two"] {
            let theirs = shared.clone();
            Thread::spawn(name, move || {
                let mut set = theirs.0.lock();
                while !*set {
                    theirs.1.wait(&mut set);
                }
            })?;
        }
        *shared.0.lock() = true;
        shared.1.notify_all();
        Ok(())
    });
}

#[test]
fn a_stop_ends_an_interruptible_wait() {
    holds(|| {
        let shared = Arc::new((Mutex::new(()), CondVar::new()), GFP_KERNEL)?;
        let theirs = shared.clone();
        let thread = Thread::spawn(c"waiter", move || {
            let mut guard = theirs.0.lock();
            while !Thread::should_stop() {
                if theirs.1.wait_interruptible(&mut guard) {
                    break;
                }
            }
        })?;
        let _ = thread.stop();
        Ok(())
    });
}

#[test]
fn parking_is_a_handshake() {
    holds(|| {
        let rounds = Arc::new(AtomicUsize::new(0), GFP_KERNEL)?;
        let theirs = rounds.clone();
        let thread = Thread::spawn(c"parked", move || {
            while !Thread::should_stop() {
                if Thread::should_park() {
                    theirs.fetch_add(1, Ordering::Relaxed);
                    Thread::park_me();
                }
            }
        })?;
        thread.park()?;
        assert_eq!(rounds.load(Ordering::Relaxed), 1, "it stands in park_me()");
        thread.unpark();
        let _ = thread.stop();
        Ok(())
    });
}

#[test]
fn works_run_once_for_each_time_they_were_queued() {
    holds(|| {
        let count = Arc::new(AtomicUsize::new(0), GFP_KERNEL)?;
        let theirs = count.clone();
        let work = Work::new(move || {
            theirs.fetch_add(1, Ordering::Relaxed);
        });
        assert!(workqueue::system().enqueue(&work));
        let again = workqueue::system().enqueue(&work);
        work.flush();
        assert_eq!(count.load(Ordering::Relaxed), if again { 2 } else { 1 });
        assert!(!work.is_pending());
        Ok(())
    });
}

#[test]
fn a_cancelled_work_has_run_or_never_runs() {
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let note = std::sync::Arc::clone(&seen);
    holds(move || {
        let ran = Arc::new(AtomicBool::new(false), GFP_KERNEL)?;
        let theirs = ran.clone();
        let work = Work::new(move || theirs.store(true, Ordering::Relaxed));
        workqueue::system().enqueue(&work);
        let cancelled = work.cancel_sync();
        assert_eq!(ran.load(Ordering::Relaxed), !cancelled);
        note.fetch_or(1 << usize::from(cancelled), std::sync::atomic::Ordering::Relaxed);
        Ok(())
    });
    assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 3);
}

#[test]
fn a_queue_of_its_own_is_drained_when_dropped() {
    holds(|| {
        let ran = Arc::new(AtomicBool::new(false), GFP_KERNEL)?;
        let theirs = ran.clone();
        let work = Work::new(move || theirs.store(true, Ordering::Relaxed));
        let queue = Queue::new(c"mine", 1)?;
        queue.enqueue(&work);
        drop(queue);
        assert!(ran.load(Ordering::Relaxed));
        Ok(())
    });
}

#[test]
fn a_work_that_panics_is_told() {
    let story = fails("panic", || {
        let work = Work::new(|| panic!("no work today"));
        workqueue::system().enqueue(&work);
        work.flush();
        Ok(())
    });
    assert!(story.contains("no work today"), "{story}");
    assert!(story.contains("kworker"), "{story}");
}

#[test]
fn a_delayed_work_waits_and_can_be_stopped() {
    holds(|| {
        let ran = Arc::new(AtomicBool::new(false), GFP_KERNEL)?;
        let theirs = ran.clone();
        let work = DelayedWork::new(move || theirs.store(true, Ordering::Relaxed));
        assert!(workqueue::system().enqueue_delayed(&work, Delta::from_secs(1)));
        let stopped = work.cancel_sync();
        assert_eq!(ran.load(Ordering::Relaxed), !stopped);
        Ok(())
    });
}

#[test]
fn sleeping_with_a_spinlock_is_found() {
    let story = fails("sleep-in-atomic", || {
        let (spin, mutex) = (SpinLock::new(()), Mutex::new(()));
        let _atomic = spin.lock();
        drop(mutex.lock());
        Ok(())
    });
    assert!(story.contains("`mutex_lock` may sleep"), "{story}");
    assert!(story.contains("atomic since"), "{story}");
}

#[test]
fn spinlocks_exclude() {
    let executions = holds(|| {
        let count = Arc::new(SpinLock::new(0), GFP_ATOMIC)?;
        for _ in 0..2 {
            let count = count.clone();
            Thread::spawn(c"adder", move || {
                let mut count = count.lock();
                *count += 1;
            })?;
        }
        if let Some(count) = count.try_lock() {
            assert!(*count <= 2);
        }
        Ok(())
    });
    assert!(executions >= 2);
}

#[test]
fn a_timeout_is_one_of_the_ends_of_a_wait() {
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let note = std::sync::Arc::clone(&seen);
    holds(move || {
        let done = Arc::new(Completion::new(), GFP_KERNEL)?;
        let theirs = done.clone();
        Thread::spawn(c"completer", move || theirs.complete())?;
        let bit = match done.wait_for_completion_timeout(Delta::from_millis(10)) {
            Ok(()) => 1,
            Err(code::ETIMEDOUT) => 2,
            Err(other) => panic!("{other}"),
        };
        note.fetch_or(bit, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    });
    assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 3);
}

struct Beat {
    thread: Option<Thread>,
    stops: bool,
}

module! {
    type: Beat,
    name: "beat",
    license: "GPL",
}

impl Module for Beat {
    fn init(module: &'static ThisModule) -> Result<Self> {
        pr_info!("{}: init by {}\n", module.name(), current!().name());
        let thread = Thread::spawn(c"beat", || {
            while !Thread::should_stop() {
                delay::fsleep(Delta::from_millis(1));
            }
        })?;
        Ok(Beat { thread: Some(thread), stops: true })
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take().filter(|_| self.stops) {
            let _ = thread.stop();
        }
    }
}

struct Careless;

module! {
    type: Careless,
    name: "careless",
    author: "nobody",
    license: "GPL",
}

impl Module for Careless {
    fn init(_: &'static ThisModule) -> Result<Self> {
        let never = Arc::new(Completion::new(), GFP_KERNEL)?;
        Thread::spawn(c"left", move || never.wait_for_completion())?;
        Ok(Careless)
    }
}

#[test]
fn a_module_is_inserted_and_removed() {
    let outcome = Checker::new().preemptions(1).executions(2000).explore(|| {
        let module = insmod::<Beat>()?;
        assert!(module.get().stops);
        module.rmmod();
        Ok::<(), Error>(())
    });
    assert!(outcome.failure.is_none(), "{}", outcome.failure.expect("one"));
    kloom_rust::run(|| {
        let module = insmod::<Beat>()?;
        delay::fsleep(Delta::from_secs(1));
        module.rmmod();
        Ok::<(), Error>(())
    });
}

#[test]
fn a_module_that_leaves_a_thread_is_found() {
    let story = fails("module-text-in-use", || {
        insmod::<Careless>()?.rmmod();
        Ok(())
    });
    assert!(story.contains("module `careless` is removed, and its thread `left` still runs"), "{story}");
}

#[test]
fn the_log_stands_in_the_story() {
    let story = fails("panic", || {
        pr_info!("about to {}\n", "fail");
        panic!("failed")
    });
    assert!(story.contains("about to fail"), "{story}");
}

#[test]
fn a_plain_run_takes_virtual_time() {
    kloom_rust::run(|| {
        let before = Instant::now();
        let total = Arc::new(Mutex::new(0), GFP_KERNEL)?;
        let threads: Vec<Thread> = (0..3)
            .map(|_| {
                let total = total.clone();
                Thread::spawn(c"sleeper", move || {
                    for _ in 0..10 {
                        delay::fsleep(Delta::from_millis(100));
                        *total.lock() += 1;
                    }
                })
            })
            .collect::<Result<_>>()?;
        delay::fsleep(Delta::from_secs(2));
        for thread in threads {
            assert_eq!(thread.stop(), Ok(0));
        }
        assert_eq!(*total.lock(), 30);
        assert!(before.elapsed() >= Delta::from_secs(2));
        Ok::<(), Error>(())
    });
    let failure = Checker::new().observe(|| Completion::new().wait_for_completion()).expect("nobody completes it");
    assert!(matches!(failure.code(), "deadlock" | "hung-task"), "{failure}");
}

#[test]
fn what_a_failing_execution_owned_is_dropped() {
    let alive = std::sync::Arc::new(());
    let theirs = std::sync::Arc::clone(&alive);
    let outcome = explore(move || {
        let owned = std::sync::Arc::clone(&theirs);
        let never = Arc::new(Completion::new(), GFP_KERNEL)?;
        Thread::spawn(c"sleeper", move || {
            let _owned = owned;
            never.wait_for_completion();
        })?;
        let never = Completion::new();
        never.wait_for_completion();
        Ok(())
    });
    assert_eq!(outcome.failure.expect("a deadlock").code(), "deadlock");
    assert_eq!(std::sync::Arc::strong_count(&alive), 1, "the threads' stacks were unwound");
}

#[test]
fn many_machines_at_once_do_not_disturb_each_other() {
    let workers: Vec<_> = (0..4)
        .map(|_| std::thread::Builder::new().spawn(|| Checker::new().explore(sections(2, 3)).executions))
        .collect();
    for worker in workers {
        assert_eq!(worker.expect("a thread").join().expect("no panic"), 20);
    }
}
