//! The same operations on OS threads, on tokio's tasks, and on bare coroutines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use crate::clock;

/// tokio on one OS thread, as kloom's machines are.
///
/// # Panics
/// The host refuses a runtime.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap_or_else(|error| panic!("no tokio runtime: {error}"))
}

#[expect(clippy::disallowed_methods, reason = "OS threads are the peer that is measured")]
fn spawn<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> thread::JoinHandle<R> {
    thread::spawn(work)
}

fn join<R>(handle: thread::JoinHandle<R>) -> R {
    handle.join().unwrap_or_else(|_| panic!("a bench thread panicked"))
}

/// Suspends and resumes a bare coroutine `n / 2` times: `n` switches.
pub fn coroutine_switches(n: u64) -> Duration {
    let mut coroutine = Coroutine::new(|yielder, ()| {
        loop {
            yielder.suspend(());
        }
    });
    let time = clock::time(|| {
        for _ in 0..n / 2 {
            let result: CoroutineResult<(), ()> = coroutine.resume(());
            std::hint::black_box(&result);
        }
    });
    coroutine.force_unwind();
    time.0
}

/// Makes, runs and drops `n` coroutines on one stack.
pub fn coroutine_creations(n: u64) -> Duration {
    let mut stack = Some(DefaultStack::default());
    let work = || {
        for _ in 0..n {
            let Some(own) = stack.take() else { break };
            let mut coroutine = Coroutine::with_stack(own, |_: &Yielder<(), ()>, ()| std::hint::black_box(7));
            std::hint::black_box(matches!(coroutine.resume(()), CoroutineResult::Return(7)));
            stack = Some(coroutine.into_stack());
        }
    };
    clock::time(work).0
}

/// `n` round trips of `unpark` and `park` between two OS threads.
pub fn thread_round_trips(n: u64) -> Duration {
    let turn = Arc::new(AtomicU64::new(0));
    let wait = |turn: &AtomicU64, value: u64| {
        while turn.load(Ordering::Acquire) != value {
            thread::park();
        }
    };
    let main: Thread = thread::current();
    let shared = Arc::clone(&turn);
    let other = spawn(move || {
        for i in 0..n {
            wait(&shared, 2 * i + 1);
            shared.store(2 * i + 2, Ordering::Release);
            main.unpark();
        }
    });
    let (time, ()) = clock::time(|| {
        for i in 0..n {
            turn.store(2 * i + 1, Ordering::Release);
            other.thread().unpark();
            wait(&turn, 2 * i + 2);
        }
    });
    join(other);
    time
}

/// Spawns and joins `n` OS threads, one after the other.
pub fn thread_creations(n: u64) -> Duration {
    clock::time(|| {
        for _ in 0..n {
            assert_eq!(join(spawn(|| std::hint::black_box(7))), 7);
        }
    })
    .0
}

/// `n` switches of two tasks that call `yield_now`.
pub fn tokio_switches(n: u64) -> Duration {
    let giver = move || async move {
        for _ in 0..n / 2 {
            tokio::task::yield_now().await;
        }
    };
    let runtime = runtime();
    clock::time(|| {
        runtime.block_on(async {
            let (a, b) = (tokio::spawn(giver()), tokio::spawn(giver()));
            assert!(a.await.is_ok() && b.await.is_ok());
        });
    })
    .0
}

/// Spawns and awaits `n` tasks, one after the other.
pub fn tokio_creations(n: u64) -> Duration {
    let runtime = runtime();
    clock::time(|| {
        runtime.block_on(async {
            for _ in 0..n {
                assert!(matches!(tokio::spawn(async { std::hint::black_box(7) }).await, Ok(7)));
            }
        });
    })
    .0
}

/// Items spawned before they are waited for.
const BATCH: u64 = 1024;

/// Spawns `n` closures in batches on a rayon pool of one thread, from within it, and waits for each batch.
///
/// # Panics
/// The host refuses a thread.
pub fn rayon_batches(n: u64) -> Duration {
    rayon_items(n, BATCH)
}

/// Spawns `n` closures on a rayon pool of one thread and waits for each.
///
/// # Panics
/// The host refuses a thread.
pub fn rayon_one_by_one(n: u64) -> Duration {
    rayon_items(n, 1)
}

fn rayon_items(n: u64, batch: u64) -> Duration {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.unwrap_or_else(|error| panic!("no rayon pool: {error}"));
    let ran = AtomicU64::new(0);
    let (time, ()) = clock::time(|| {
        pool.install(|| {
            let mut left = n;
            while left > 0 {
                let now = left.min(batch);
                rayon::scope(|scope| {
                    for _ in 0..now {
                        scope.spawn(|_| {
                            ran.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                });
                left -= now;
            }
        });
    });
    assert_eq!(ran.load(Ordering::Relaxed), n);
    time
}

/// Spawns `n` tokio tasks in batches and awaits each batch.
pub fn tokio_batches(n: u64) -> Duration {
    let runtime = runtime();
    let ran = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&ran);
    let (time, ()) = clock::time(|| {
        runtime.block_on(async {
            let mut handles = Vec::with_capacity(BATCH as usize);
            let mut left = n;
            while left > 0 {
                let now = left.min(BATCH);
                for _ in 0..now {
                    let ran = Arc::clone(&counted);
                    handles.push(tokio::spawn(async move {
                        ran.fetch_add(1, Ordering::Relaxed);
                    }));
                }
                for handle in handles.drain(..) {
                    assert!(handle.await.is_ok());
                }
                left -= now;
            }
        });
    });
    assert_eq!(ran.load(Ordering::Relaxed), n);
    time
}

/// `n` round trips of two tasks that wake each other with `Notify`.
pub fn tokio_round_trips(n: u64) -> Duration {
    let runtime = runtime();
    let (ping, pong) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    clock::time(|| {
        runtime.block_on(async {
            let (their_ping, their_pong) = (Arc::clone(&ping), Arc::clone(&pong));
            let other = tokio::spawn(async move {
                for _ in 0..n {
                    their_ping.notified().await;
                    their_pong.notify_one();
                }
            });
            let me = tokio::spawn(async move {
                for _ in 0..n {
                    ping.notify_one();
                    pong.notified().await;
                }
            });
            assert!(me.await.is_ok() && other.await.is_ok());
        });
    })
    .0
}

/// As many OS threads as the host allows up to `n`, all alive: how many, and what they leave to measure to `look`.
pub fn thread_crowd(n: u64, look: impl FnOnce(u64)) {
    let mut threads = Vec::new();
    for _ in 0..n {
        let Ok(handle) = thread::Builder::new().spawn(thread::park) else { break };
        threads.push(handle);
    }
    look(threads.len() as u64);
    for handle in threads {
        handle.thread().unpark();
        join(handle);
    }
}

/// `n` tokio tasks, all alive and waiting.
pub fn tokio_crowd(n: u64, look: impl FnOnce(u64)) {
    let runtime = runtime();
    let gate = Arc::new(Notify::new());
    let alive = Arc::new(AtomicU64::new(0));
    runtime.block_on(async {
        for _ in 0..n {
            let (gate, alive) = (Arc::clone(&gate), Arc::clone(&alive));
            tokio::spawn(async move {
                alive.fetch_add(1, Ordering::Relaxed);
                gate.notified().await;
            });
        }
        while alive.load(Ordering::Relaxed) < n {
            tokio::task::yield_now().await;
        }
    });
    look(alive.load(Ordering::Relaxed));
}
