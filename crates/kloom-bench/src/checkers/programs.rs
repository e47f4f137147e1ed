//! The programs, in terms of a face that each tool has.
//!
//! None of them spins, none has more than five threads (loom's limit), and none needs a weak memory model to fail.

use std::sync::Arc;

use super::super::Program;
use super::face::{CondVar, Mutex, Number, join, spawn};

/// Programs without a bug, for speed and exhaustion.
pub const RIGHT: &[(&str, Program)] = &[
    ("mutex, 3 threads × 2", mutex),
    ("bounded queue, 1 place, 3 items", queue),
    ("2 readers, 1 writer", readers_writer),
    ("stop/park handshake, by hand", handshake),
];

/// Programs that take a while, for what more cores bring.
pub const LARGE: &[(&str, Program)] = &[("mutex, 3 threads × 4", mutex_3_4), ("4 threads, 3 counters", counters)];

/// Ten seeded bugs.
pub const WRONG: &[(&str, Program)] = &[
    ("lost update", lost_update),
    ("ABBA deadlock", abba),
    ("lost wake-up", lost_wakeup),
    ("`if` around a wait", queue_if),
    ("wrong waiter notified", wrong_waiter),
    ("used before it is set", used_before_set),
    ("last put missed", last_put),
    ("ABA of a stack", aba),
    ("reorder, 3 setters", reorder),
    ("8 turns in a row", turns),
];

/// Three threads enter one mutex twice each.
pub fn mutex() {
    let total = Arc::new(Mutex::new(0));
    for _ in 0..3 {
        let total = Arc::clone(&total);
        spawn(move || {
            for _ in 0..2 {
                *total.lock() += 1;
            }
        });
    }
}

/// Three threads enter one mutex four times each.
pub fn mutex_3_4() {
    let total = Arc::new(Mutex::new(0));
    for _ in 0..3 {
        let total = Arc::clone(&total);
        spawn(move || {
            for _ in 0..4 {
                *total.lock() += 1;
            }
        });
    }
}

/// Four threads that add to three numbers one after the other.
pub fn counters() {
    let numbers = Arc::new([Number::new(0), Number::new(0), Number::new(0)]);
    for _ in 0..4 {
        let numbers = Arc::clone(&numbers);
        spawn(move || {
            for number in &*numbers {
                number.fetch_add(1);
            }
        });
    }
}

/// A queue of one place, one producer and one consumer of three numbers.
pub fn queue() {
    let shared = Arc::new((Mutex::new(None), CondVar::new()));
    let theirs = Arc::clone(&shared);
    spawn(move || {
        for number in 0..3 {
            let mut place = theirs.0.lock();
            while place.is_some() {
                place = theirs.1.wait(place);
            }
            *place = Some(number);
            theirs.1.notify_all();
        }
    });
    for wanted in 0..3 {
        let mut place = shared.0.lock();
        while place.is_none() {
            place = shared.1.wait(place);
        }
        assert_eq!(place.take(), Some(wanted));
        shared.1.notify_all();
    }
}

/// Two readers and a writer of a lock made of a mutex and a condition.
pub fn readers_writer() {
    #[derive(Default)]
    struct Lock {
        readers: u32,
        writing: bool,
        value: u32,
    }
    let shared = Arc::new((Mutex::new(Lock::default()), CondVar::new()));
    for _ in 0..2 {
        let shared = Arc::clone(&shared);
        spawn(move || {
            let mut lock = shared.0.lock();
            while lock.writing {
                lock = shared.1.wait(lock);
            }
            lock.readers += 1;
            assert!(lock.value == 0 || lock.value == 2);
            drop(lock);
            let mut lock = shared.0.lock();
            assert!(!lock.writing);
            lock.readers -= 1;
            if lock.readers == 0 {
                shared.1.notify_all();
            }
        });
    }
    let mut lock = shared.0.lock();
    while lock.readers > 0 {
        lock = shared.1.wait(lock);
    }
    lock.writing = true;
    lock.value = 1;
    drop(lock);
    let mut lock = shared.0.lock();
    assert_eq!(lock.readers, 0);
    lock.value = 2;
    lock.writing = false;
    shared.1.notify_all();
}

/// What `kthread_park()`, `kthread_unpark()` and `kthread_stop()` do, made of a mutex and a condition.
pub fn handshake() {
    #[derive(Default)]
    struct Control {
        stop: bool,
        park: bool,
        parked: bool,
    }
    let shared = Arc::new((Mutex::new(Control::default()), CondVar::new()));
    let theirs = Arc::clone(&shared);
    let thread = spawn(move || {
        let mut control = theirs.0.lock();
        while !control.stop {
            if control.park {
                control.parked = true;
                theirs.1.notify_all();
            }
            control = theirs.1.wait(control);
            control.parked &= control.park;
        }
    });
    let mut control = shared.0.lock();
    control.park = true;
    shared.1.notify_all();
    while !control.parked {
        control = shared.1.wait(control);
    }
    control.park = false;
    shared.1.notify_all();
    drop(control);
    let mut control = shared.0.lock();
    control.stop = true;
    shared.1.notify_all();
    drop(control);
    join(thread);
}

/// Two increments, each a load and a store.
pub fn lost_update() {
    let count = Arc::new(Number::new(0));
    let theirs = Arc::clone(&count);
    let thread = spawn(move || theirs.store(theirs.load() + 1));
    count.store(count.load() + 1);
    join(thread);
    assert_eq!(count.load(), 2);
}

/// Two locks in two orders.
pub fn abba() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let theirs = Arc::clone(&locks);
    let thread = spawn(move || {
        let _second = theirs.1.lock();
        let _first = theirs.0.lock();
    });
    {
        let _first = locks.0.lock();
        let _second = locks.1.lock();
    }
    join(thread);
}

/// The condition is looked at before the lock is taken.
pub fn lost_wakeup() {
    let shared = Arc::new((Mutex::new(()), CondVar::new(), Number::new(0)));
    let theirs = Arc::clone(&shared);
    let thread = spawn(move || {
        theirs.2.store(1);
        theirs.1.notify_all();
    });
    if shared.2.load() == 0 {
        let guard = shared.0.lock();
        drop(shared.1.wait(guard));
    }
    join(thread);
}

/// Two consumers, one of which takes what the other was woken for.
pub fn queue_if() {
    let shared = Arc::new((Mutex::new(Vec::new()), CondVar::new()));
    let mut threads = Vec::new();
    for _ in 0..2 {
        let shared = Arc::clone(&shared);
        threads.push(spawn(move || {
            let mut items = shared.0.lock();
            if items.is_empty() {
                items = shared.1.wait(items);
            }
            assert!(items.pop().is_some(), "woken for nothing");
        }));
    }
    for item in 0..2 {
        shared.0.lock().push(item);
        shared.1.notify_all();
    }
    threads.into_iter().for_each(join);
}

/// Producers and consumers wait on one condition, and one of them is notified.
pub fn wrong_waiter() {
    let shared = Arc::new((Mutex::new(false), CondVar::new()));
    let mut threads = Vec::new();
    for produces in [true, true, false, false] {
        let shared = Arc::clone(&shared);
        threads.push(spawn(move || {
            let mut full = shared.0.lock();
            while *full == produces {
                full = shared.1.wait(full);
            }
            *full = produces;
            shared.1.notify_one();
        }));
    }
    threads.into_iter().for_each(join);
}

/// The thread is started before what it uses is set.
pub fn used_before_set() {
    let slot = Arc::new(Mutex::new(None));
    let theirs = Arc::clone(&slot);
    let thread = spawn(move || assert_eq!(*theirs.lock(), Some(7)));
    *slot.lock() = Some(7);
    join(thread);
}

/// Looks whether it is the last, then takes its reference off.
pub fn last_put() {
    let (count, freed) = (Arc::new(Number::new(2)), Arc::new(Number::new(0)));
    let put = {
        let (count, freed) = (Arc::clone(&count), Arc::clone(&freed));
        move || {
            if count.load() == 1 {
                freed.fetch_add(1);
            }
            count.fetch_add(usize::MAX);
        }
    };
    let thread = spawn(put.clone());
    put();
    join(thread);
    assert_eq!(freed.load(), 1);
}

/// A stack of numbered nodes whose head is compared by number only. Node `n` is followed by `next[n]`; 0 ends it.
pub fn aba() {
    struct Stack {
        head: Number,
        next: [Number; 4],
        taken: [Number; 4],
    }
    impl Stack {
        fn pop(&self) -> usize {
            loop {
                let head = self.head.load();
                if head == 0 {
                    return 0;
                }
                let next = self.next[head].load();
                if self.head.compare_exchange(head, next) {
                    assert_eq!(self.taken[head].fetch_add(1), 0, "taken twice");
                    return head;
                }
            }
        }
        fn push(&self, node: usize) {
            self.taken[node].store(0);
            loop {
                let head = self.head.load();
                self.next[node].store(head);
                if self.head.compare_exchange(head, node) {
                    return;
                }
            }
        }
    }
    let stack = Arc::new(Stack {
        head: Number::new(1),
        next: [Number::new(0), Number::new(2), Number::new(0), Number::new(0)],
        taken: [(); 4].map(|()| Number::new(0)),
    });
    let theirs = Arc::clone(&stack);
    let thread = spawn(move || {
        theirs.pop();
        theirs.pop();
    });
    let first = stack.pop();
    let _second = stack.pop();
    if first != 0 {
        stack.push(first);
    }
    join(thread);
}

/// All setters have to have begun, and none to have ended, when the numbers are looked at.
pub fn reorder() {
    let (a, b) = (Arc::new(Number::new(0)), Arc::new(Number::new(0)));
    for _ in 0..3 {
        let (a, b) = (Arc::clone(&a), Arc::clone(&b));
        spawn(move || {
            a.fetch_add(1);
            b.fetch_add(1);
        });
    }
    let (seen_b, seen_a) = (b.load(), a.load());
    assert!(seen_b != 0 || seen_a < 3);
}

/// Two threads have to take turns without a miss.
pub fn turns() {
    let turn = Arc::new(Number::new(0));
    let play = |parity: usize| {
        let turn = Arc::clone(&turn);
        move || {
            for round in 0..4 {
                let mine = 2 * round + parity;
                if turn.load() == mine {
                    turn.store(mine + 1);
                }
            }
        }
    };
    let thread = spawn(play(0));
    play(1)();
    join(thread);
    assert_ne!(turn.load(), 8);
}
