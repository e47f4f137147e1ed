//! Machines that go round: whole machines that come back to an earlier state, and so may for ever.
//!
//! [`crate::lasso`] proves it of one task while nothing else happens. Here several may take part: threads that hand
//! something to and fro, a thread that spins, a work that queues itself, while a command waits in a module for something
//! else. When no program of user space has got on for a while ([`Machine::suspect`]), the machine is compared after each
//! step with an earlier state (Brent's algorithm: the one after the last power of two of steps). It goes round if
//! - the modules' variables, the heap, and the stacks of all that is inside module code, with the saved registers, are the same
//!   again (the frames of kloom's own functions may hold instants that lie ahead by the same amount);
//! - the kernel's state is ([`kloom_kernel::state`]), with instants relative to the present one;
//! - everyone who could run did run in between, so that the schedule is fair;
//! - the round called only functions that change nothing but this state, and could not depend on the time.
//!
//! Then the same can happen again, for ever, on a machine that treats nobody unfairly.

use std::hash::{Hash, Hasher};

use kloom_abi::sched::TASK_UNINTERRUPTIBLE;
use kloom_kernel::Calls;
use kloom_kernel::fault::Fault;
use kloom_kernel::sched::{Context, Preempt};
use kloom_kernel::site::{RawEvent, Trace};
use kloom_kernel::task::{BlockedOn, Task, TaskId, TaskKind};
use rustc_hash::FxHasher;

use crate::Machine;
use crate::lasso::HARMLESS;

/// Functions that change only what [`kloom_kernel::state`] takes in.
const COVERED: &[&str] = &[
    "__might_sleep",
    "__mutex_trylock",
    "__wake_up",
    "__wake_up_locked",
    "__wake_up_sync",
    "_raw_spin_trylock",
    "add_wait_queue",
    "add_wait_queue_exclusive",
    "cancel_delayed_work",
    "cancel_work",
    "complete",
    "complete_all",
    "down",
    "down_trylock",
    "kloom_reinit_completion",
    "kthread_parkme",
    "kthread_should_park",
    "kthread_should_stop_or_park",
    "kthread_stop",
    "mod_delayed_work_on",
    "mutex_trylock",
    "mutex_lock_interruptible",
    "prepare_to_wait_exclusive",
    "queue_delayed_work_on",
    "queue_work_on",
    "remove_wait_queue",
    "try_wait_for_completion",
    "up",
    "wait_for_completion",
    "wait_for_completion_interruptible",
    "wake_up_process",
    "wake_up_state",
];

/// Memory of modules and stacks in one state, at most, and in all that are compared before it is given up.
const STATE_BYTES: u64 = 4 << 20;
const COMPARED_BYTES: u64 = 256 << 20;
/// Steps followed before it is given up.
const STEPS: u64 = 1 << 20;
/// A machine that takes so many steps to the watchdog's limit is told of at once.
const STEPS_TO_LIMIT: u64 = 10_000;

/// Where the context that took a step gave up the CPU.
type Place = (Context, u64, u64);

/// A state of the machine.
#[derive(Debug, PartialEq, Eq)]
struct State {
    digest: u64,
    /// How much memory it is the state of.
    bytes: u64,
    /// What lies in kloom's own frames.
    words: Vec<u64>,
    now_ns: u64,
    jiffies: u64,
}

/// A machine that is being followed.
#[derive(Debug)]
pub struct Watch {
    reference: Option<(Place, State)>,
    /// Steps since the reference, and after how many it is replaced.
    steps: u64,
    power: u64,
    ran: Vec<TaskId>,
    /// Steps followed, and memory looked at.
    total: u64,
    bytes: u64,
}

/// What is known of the machine's going round.
#[derive(Debug, Default)]
pub struct Rounds {
    /// Steps of programs in user space.
    user_steps: u64,
    seen: u64,
    given_up: Option<u64>,
    watch: Option<Watch>,
    /// One round: who called from where. It is proved.
    pub proved: Option<Vec<(TaskId, u64)>>,
}

impl Rounds {
    /// Whether steps are to be told to [`Machine::watch_machine`].
    pub fn watches(&self) -> bool {
        self.watch.is_some()
    }
}

impl Machine {
    /// A program in user space gets on.
    pub fn user_step(&mut self) {
        self.rounds.user_steps += 1;
        if self.rounds.watch.take().is_some() {
            self.kernel.calls = None;
        }
        self.rounds.proved = None;
    }

    /// Begins to follow the machine if no program of user space has got on since the last call, and one is inside a module.
    pub fn suspect(&mut self) {
        let steps = self.rounds.user_steps;
        let same = std::mem::replace(&mut self.rounds.seen, steps) == steps;
        if !same
            || self.rounds.watch.is_some()
            || self.rounds.proved.is_some()
            || self.rounds.given_up == Some(steps)
            || self.kernel.calls.is_some()
            || self.tells_time()
            || self.victims().next().is_none()
            || self.reads_host()
        {
            return;
        }
        self.rounds.watch = Some(Watch { reference: None, steps: 0, power: 1, ran: Vec::new(), total: 0, bytes: 0 });
        self.kernel.calls = Some(Calls::default());
    }

    /// Whether the code of a loaded module seems to have an instruction that asks the processor for what is another thing each
    /// time: the time stamp counter, random numbers.
    fn reads_host(&self) -> bool {
        let mut bytes = Vec::new();
        self.images.iter().filter(|(module, _)| self.kernel.modules.get(*module).is_some()).any(|(_, image)| {
            let (start, size) = image.core;
            bytes.resize(size as usize, 0);
            self.arena.read(start, &mut bytes).is_err() || bytes.windows(3).any(asks_processor)
        })
    }

    /// User tasks that wait in a module, or run there.
    fn victims(&self) -> impl Iterator<Item = TaskId> + '_ {
        let inside = |task: &&kloom_kernel::task::Task| {
            task.user().is_some_and(|user| user.in_kernel)
                && !task.has_exited()
                && !matches!(task.blocked_on, BlockedOn::Nanosleep | BlockedOn::Child | BlockedOn::Pipe(_))
                && (task.se.on_rq || task.slept_at.trace.ips().any(|ip| self.module_of(ip).is_some()))
        };
        self.kernel.tasks.iter().filter(inside).map(|task| task.id)
    }

    /// The machine took a step: compares it with the earlier state.
    pub fn watch_machine(&mut self, context: Context) {
        let Some(mut watch) = self.rounds.watch.take() else { return };
        if self.kernel.poller.is_some() {
            // The other proof is at work on it.
            self.kernel.calls = None;
            return;
        }
        watch.total += 1;
        watch.steps += 1;
        if let Context::Task(task) = context
            && !watch.ran.contains(&task)
        {
            watch.ran.push(task);
        }
        let place = (context, self.ctx().sp.get(), self.ctx().call_site.get());
        if watch.reference.as_ref().is_some_and(|(known, _)| *known == place) {
            let state = self.state();
            watch.bytes += state.as_ref().map_or(0, |state| state.bytes);
            if let Some(state) = state
                && let Some((_, known)) = &watch.reference
                && known.is_same(&state)
                && self.goes_round(&watch)
            {
                return self.tell(&watch, state.now_ns - known.now_ns);
            }
        }
        if watch.total > STEPS || watch.bytes > COMPARED_BYTES {
            return self.give_up();
        }
        if watch.reference.is_none() || watch.steps >= watch.power {
            let Some(state) = self.state() else { return self.give_up() };
            watch.bytes += state.bytes;
            watch.reference = Some((place, state));
            watch.power = watch.power.saturating_mul(2);
            watch.steps = 0;
            watch.ran.clear();
            self.kernel.calls = Some(Calls::default());
        }
        self.rounds.watch = Some(watch);
    }

    fn give_up(&mut self) {
        self.rounds.given_up = Some(self.rounds.user_steps);
        self.kernel.calls = None;
    }

    /// Whether the round was fair and did only what the state shows.
    fn goes_round(&self, watch: &Watch) -> bool {
        let Some(calls) = &self.kernel.calls else { return false };
        let all_ran = self
            .kernel
            .tasks
            .iter()
            .filter(|task| task.se.on_rq && !matches!(task.kind, TaskKind::Idle))
            .all(|task| watch.ran.contains(&task.id));
        all_ran
            && calls.sites.iter().all(|&site| {
                site == 0
                    || self.called_from(site).is_some_and(|name| {
                        // Hooks: what they do to memory is seen there.
                        name.starts_with("__tsan_")
                            || name.starts_with("__sanitizer_")
                            || HARMLESS.contains(&name)
                            || COVERED.contains(&name)
                    })
            })
    }

    fn tell(&mut self, watch: &Watch, round_ns: u64) {
        let calls = self.kernel.calls.take().unwrap_or_default();
        let mut round: Vec<(TaskId, u64)> = calls.first.into_iter().filter(|call| call.1 != 0).collect();
        for &task in &watch.ran {
            // One that makes no calls is seen where it lost the CPU.
            let seen_at = self.kernel.tasks.get(task).map_or(0, |task| task.seen_at);
            if self.module_of(seen_at).is_some() && round.iter().all(|&(who, _)| who != task) {
                round.push((task, seen_at));
            }
        }
        round.dedup();
        let limit_ns = self.kernel.config.hang_after_ns;
        let many_steps = limit_ns / round_ns.max(1) * watch.steps > STEPS_TO_LIMIT;
        let victims: Vec<TaskId> = self.victims().collect();
        for victim in victims {
            let task = &self.kernel.tasks[victim];
            let (at, since_ns) = (task.slept_at, task.slept_at.time_ns);
            if watch.ran.contains(&victim) && round.iter().any(|call| call.0 == victim) {
                let cpu = &self.kernel.cpus[task.se.cpu as usize];
                let free = self.kernel.config.preempt == Preempt::Full && task.preempt_count == 0;
                let gives_way = cpu.clock_ns.saturating_sub(cpu.watchdog_since_ns) < GIVES_WAY_NS;
                // Who does not give way is a soft lockup, which is told as that.
                if free || gives_way {
                    self.kernel.lasso = Some(victim);
                    let here = round
                        .iter()
                        .find(|call| call.0 == victim)
                        .map_or(Trace::default(), |&(_, site)| Trace::one(site));
                    let (pid, comm) = (task.pid, task.comm());
                    let at = RawEvent { task: victim, pid, comm, time_ns: self.kernel.now(), trace: here, ..at };
                    self.kernel.report_at(Fault::Livelock { victim, since_ns }, at);
                }
            } else if many_steps
                && task.timeout.is_none()
                && task.state() == TASK_UNINTERRUPTIBLE
                && !task.hang_reported
            {
                self.kernel.tasks[victim].hang_reported = true;
                self.kernel.report_at(Fault::HungTask { victim, since_ns, proved: true }, at);
            }
        }
        self.rounds.proved = Some(round);
    }

    /// What the next steps depend on; `None` if that is too much, or cannot be told.
    fn state(&self) -> Option<State> {
        let stacks = self.kernel.tasks.iter().filter_map(|task| self.stack_in_use(task));
        let mut total: u64 = stacks.map(|(low, high)| high - low).sum();
        if total > STATE_BYTES {
            return None;
        }
        let mut hasher = FxHasher::default();
        self.kernel.digest()?.hash(&mut hasher);
        let mut bytes = Vec::new();
        // When a timer goes off is the kernel's to say, relative to the present.
        let mut expiries: Vec<u64> =
            self.kernel.timers.addresses().map(|addr| addr + crate::include::timer::EXPIRES).collect();
        expiries.sort_unstable();
        let mut take = |addr: u64, size: u64, hasher: &mut FxHasher| {
            total += size;
            if total > STATE_BYTES {
                return None;
            }
            bytes.resize(size as usize, 0);
            self.arena.read(addr, &mut bytes).ok()?;
            let from = expiries.partition_point(|&expiry| expiry < addr);
            for &expiry in expiries[from..].iter().take_while(|&&expiry| expiry + 8 <= addr + size) {
                let offset = (expiry - addr) as usize;
                bytes[offset..offset + 8].fill(0);
            }
            (addr, bytes.as_slice()).hash(hasher);
            Some(())
        };
        for (module, image) in &self.images {
            if self.kernel.modules.get(*module).is_some() {
                let (start, size) = image.core;
                take(start, size, &mut hasher)?;
                let (start, stride) = image.percpu;
                take(start, stride * self.kernel.cpus.len() as u64, &mut hasher)?;
            }
        }
        for block in self.arena.heap.live() {
            take(block.addr, block.size, &mut hasher)?;
        }
        let mut words = Vec::new();
        for (low, high) in self.kernel.tasks.iter().filter_map(|task| self.stack_in_use(task)) {
            let sp = self.stack_pointer_in(low).filter(|sp| (low..high).contains(sp)).unwrap_or(high);
            take(sp, high - sp, &mut hasher)?;
            for addr in (low..sp & !7).step_by(8) {
                words.push(self.arena.read_u64(addr).ok()?);
            }
        }
        let (now_ns, jiffies) = (self.kernel.now(), self.kernel.jiffies());
        Some(State { digest: hasher.finish(), bytes: total, words, now_ns, jiffies })
    }

    /// The stack of a task that is, or may be, inside module code: the lowest address of its frames, and the end.
    fn stack_in_use(&self, task: &Task) -> Option<(u64, u64)> {
        let busy = match &task.kind {
            TaskKind::Idle => false,
            TaskKind::System => self.kernel.workqueues.job_of(task.id).is_some_and(|(_, func, ..)| func != 0),
            TaskKind::Kthread(_) | TaskKind::User(_) => true,
        };
        self.fiber_frames(task.id).filter(|_| busy && !task.has_exited())
    }
}

/// `rdtsc`, `rdtscp`, `rdrand` and `rdseed` with a register.
fn asks_processor(bytes: &[u8]) -> bool {
    matches!(bytes, [0x0f, 0x31, _] | [0x0f, 0x01, 0xf9] | [0x0f, 0xc7, 0xf0..=0xff])
}

/// Who has let others run within this time does not lock its CPU up.
const GIVES_WAY_NS: u64 = 4_000_000_000;

impl State {
    fn is_same(&self, later: &State) -> bool {
        let moved = |early: u64, late: u64| late.wrapping_sub(early);
        let (ns, jiffies) = (moved(self.now_ns, later.now_ns), moved(self.jiffies, later.jiffies));
        self.digest == later.digest
            && self.words.len() == later.words.len()
            && self.words.iter().zip(&later.words).all(|(&early, &late)| {
                early == late
                    || (ns != 0 && moved(early, late) == ns)
                    || (jiffies != 0 && moved(early, late) == jiffies)
            })
    }
}
