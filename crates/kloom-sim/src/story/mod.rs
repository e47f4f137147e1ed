//! From what the kernel saw to what people are told: raw faults (addresses, task slots) become findings with files,
//! lines, names and the history that led there.
//!
//! Each report is told when it is made, while everything it is about is still there; [`Story::finish`] adds what only
//! the end of a run shows, drops what merely follows from another finding, and says which hangs are proved. One file per
//! theme: `threads`, `memory`, `locks`, `context`, `leaks`, `assertions`. Nothing here words anything:
//! that is `kloom-diag`'s.

mod assertions;
mod context;
mod leaks;
mod locks;
mod memory;
mod outcome;
pub mod resolve;
pub mod source;
mod threads;

use std::rc::Rc;

use kloom_detect::Detector;
use kloom_detect::ordered::Ordered;
use kloom_detect::signals::IgnoredSignals;
use kloom_detect::stops::Stops;
use kloom_diag::{
    Context, Event, Fault as Told, Finding, InvalidFree, ObjectKind, Proof, Severity, SourceLines, TextUser, WorkLeft,
};
use kloom_kernel::fault::{DataRace, Fault, Report};
use kloom_kernel::module::ModuleState;
use kloom_kernel::site::{RawEvent, Trace};
use kloom_kernel::task::{BlockedOn, Task, TaskId, TaskKind};
use kloom_shim::Machine;
use rustc_hash::FxHashMap;

use crate::Ended;
use resolve::Resolver;

/// Most findings kept: a module that does one thing wrong in ever new ways is told enough of it.
const FINDINGS_MAX: usize = 1000;

/// What the story of a run is made from.
#[derive(Debug)]
pub struct Story {
    resolver: Resolver,
    stops: Stops,
    signals: IgnoredSignals,
    /// Data races, while a search explores.
    ordered: Ordered,
    findings: Vec<Finding>,
    /// When each of them was made.
    times_ns: Vec<u64>,
    /// Reports told already: kind, place, participant; and the finding they became.
    seen: FxHashMap<(std::mem::Discriminant<Fault>, u64, u64), Option<usize>>,
    /// Findings about tasks that hang: the finding, who hangs.
    hangs: Vec<(usize, TaskId)>,
    /// What went wrong in user tasks while they were loading or unloading a module: the module, where.
    unloads: Vec<(u32, RawEvent)>,
}

impl Story {
    /// A story that knows no source text yet.
    pub fn new() -> Story {
        Story {
            resolver: Resolver::new(Rc::new(kloom_diag::NoSource)),
            stops: Stops::default(),
            signals: IgnoredSignals::default(),
            ordered: Ordered::new(),
            findings: Vec::new(),
            times_ns: Vec::new(),
            seen: FxHashMap::default(),
            hangs: Vec::new(),
            unloads: Vec::new(),
        }
    }

    /// Gives it the modules' sources, by which calls are named and loops found.
    pub fn set_sources(&mut self, sources: Rc<dyn SourceLines>) {
        self.resolver.sources = sources;
    }

    /// Makes the kernel record the events this listens to.
    pub fn listen(&self, machine: &mut Machine) {
        machine.kernel.trace.enabled = true;
        machine.kernel.trace.skip = !(self.stops.wants() | self.signals.wants());
    }

    /// Takes the log of accesses and reports the data races it shows. Per-CPU variables are left out: who accesses them
    /// keeps others off the CPU, which is no order between two CPUs' threads.
    pub fn look_for_races(&mut self, machine: &mut Machine) {
        let (log, segments) = machine.kernel.order.take();
        let races = self.ordered.feed(&log, &segments, &|race| is_wanted(machine, race));
        races.into_iter().for_each(|race| machine.report_race(race));
        machine.kernel.order.put_back(log, segments);
    }

    /// Takes the trace events and the reports made since the last call.
    pub fn observe(&mut self, machine: &mut Machine, reports: &[Report]) {
        for event in machine.kernel.trace.events.drain(..) {
            self.stops.event(&event);
            self.signals.event(&event);
        }
        for report in reports {
            self.tell(machine, report);
        }
    }

    fn tell(&mut self, machine: &Machine, report: &Report) {
        if let Some(module) = machine.kernel.modules.list.iter().find(|module| module.state != ModuleState::Live)
            && machine.kernel.tasks.get(report.at.task).is_some_and(|task| task.user().is_some())
        {
            self.unloads.push((module.id, report.at));
        }
        let key = (std::mem::discriminant(&report.fault), report.at.trace.0[0], participant(report));
        if let Some(known) = self.seen.get(&key) {
            if let Some(finding) = known.and_then(|index| self.findings.get_mut(index)) {
                finding.repeats = finding.repeats.saturating_add(report.repeats);
            }
            return;
        }
        if self.findings.len() >= FINDINGS_MAX {
            return;
        }
        let told = self.translate(machine, report);
        self.seen.insert(key, told.is_some().then_some(self.findings.len()));
        let Some(told) = told else { return };
        if let Fault::HungTask { victim, .. } = report.fault {
            self.hangs.push((self.findings.len(), victim));
        }
        self.times_ns.push(machine.kernel.now());
        let round = if matches!(told, Told::Livelock { .. }) { self.round(machine) } else { Vec::new() };
        self.findings.push(Finding { repeats: report.repeats, round, ..Finding::new(told) });
    }

    /// What is called in one round of a machine that goes round, each place once in a row.
    fn round(&mut self, machine: &Machine) -> Vec<Event> {
        let Some(round) = &machine.rounds.proved else { return Vec::new() };
        let mut events: Vec<Event> = Vec::new();
        for &(id, site) in round {
            let Some(task) = machine.kernel.tasks.get(id) else { continue };
            let (pid, comm, trace) = (task.pid, task.comm(), Trace::one(site));
            let event = self.resolver.event(machine, &RawEvent { task: id, pid, comm, trace, ..task.slept_at });
            let same = |last: &Event| last.site == event.site && last.who.pid == event.who.pid;
            if event.site.is_some() && !events.last().is_some_and(same) {
                events.push(event);
            }
        }
        events
    }

    fn translate(&mut self, machine: &Machine, report: &Report) -> Option<Told> {
        threads::tell(self, machine, report)
            .or_else(|| memory::tell(self, machine, report))
            .or_else(|| locks::tell(self, machine, report))
            .or_else(|| context::tell(self, machine, report))
            .or_else(|| leaks::tell(self, machine, report))
            .or_else(|| assertions::tell(self, machine, report))
    }

    /// All findings of the run, consequences left out, in the order of their discovery.
    pub fn finish(&mut self, machine: &mut Machine, ended: &Ended) -> Vec<Finding> {
        if matches!(ended, Ended::Done(_)) {
            let races = self.ordered.finish(&|race| is_wanted(machine, race));
            races.into_iter().for_each(|race| machine.report_race(race));
        }
        let reports = machine.take_reports();
        self.observe(machine, &reports);
        self.hangs_at_the_end(machine, ended);
        if *ended == Ended::Stuck {
            self.sleepers_for_ever(machine);
        }
        for told in threads::at_the_end(self, machine) {
            let time_ns = match &told {
                Told::SignalIgnored { sent, .. } => sent.time_ns,
                _ => machine.kernel.now(),
            };
            self.times_ns.push(time_ns);
            self.findings.push(Finding::new(told));
        }
        self.stuck_modules(machine);
        for told in leaks::licences(self, machine) {
            self.findings.push(Finding::new(told));
        }
        self.times_ns.resize(self.findings.len(), machine.kernel.now());
        let mut findings: Vec<(u64, Finding)> = self.times_ns.drain(..).zip(self.findings.drain(..)).collect();
        findings.sort_by_key(|(time_ns, _)| *time_ns);
        let findings = drop_consequences(findings.into_iter().map(|(_, finding)| finding).collect());
        kloom_diag::fold(findings)
    }

    /// Tasks that sleep for ever although a wake-up came when they were still awake, each with what there is to tell if
    /// another wake-up would let them go on.
    pub fn sleepers(&mut self, machine: &Machine, ended: &Ended) -> Vec<(TaskId, Told)> {
        if !matches!(ended, Ended::Done(_) | Ended::Stuck | Ended::Hung) {
            return Vec::new();
        }
        let sure = *ended == Ended::Stuck || nothing_can_happen(machine);
        let proof = if sure { Proof::Proved } else { Proof::Bounded { limit_ns: machine.kernel.config.hang_after_ns } };
        let asleep: Vec<TaskId> = machine
            .kernel
            .tasks
            .iter()
            .filter(|task| {
                (task.kthread().is_some() || task.user().is_some_and(|user| user.in_kernel))
                    && !task.has_exited()
                    && !task.se.on_rq
                    && task.timeout.is_none()
                    && !task.slept_at.trace.is_empty()
                    && matches!(task.blocked_on, BlockedOn::Schedule | BlockedOn::WaitQueue(_) | BlockedOn::Timeout)
            })
            .map(|task| task.id)
            .collect();
        let mut told = Vec::new();
        for id in asleep {
            let Some(task) = machine.kernel.tasks.get(id) else { continue };
            if let (Some(waker), Some(state_set)) = (task.unheeded, task.state_set) {
                let sleeper = threads::blocked(self, machine, task);
                let waker = self.resolver.event(machine, &waker);
                let state_set = self.resolver.event(machine, &state_set);
                told.push((id, Told::MissedWakeup { tested: None, waker, state_set, sleeper, proof }));
            } else if let Some((addr, waker)) = machine.kernel.unheeded_queue(id) {
                let mut sleeper = threads::blocked(self, machine, task);
                sleeper.on = Some(self.resolver.object(machine, addr, ObjectKind::WaitQueue, None));
                let waker = self.resolver.event(machine, &waker);
                told.push((id, Told::LostWakeup { waker, sleeper, proof }));
            }
        }
        told
    }

    /// Modules whose loader or unloader died on the way. The crash is the bug; this says what it leaves.
    fn stuck_modules(&mut self, machine: &Machine) {
        let kernel = &machine.kernel;
        if kernel.panicked {
            return;
        }
        let stuck: Vec<(u32, String, ModuleState)> = kernel
            .modules
            .list
            .iter()
            .filter(|module| module.state != ModuleState::Live)
            .map(|module| (module.id, module.name.clone(), module.state))
            .collect();
        for (id, module, state) in stuck {
            let last = self.unloads.iter().rev().find(|(of, _)| *of == id).map(|(_, at)| *at);
            let Some(at) =
                last.filter(|at| kernel.tasks.get(at.task).is_none_or(|task| task.pid != at.pid || task.has_exited()))
            else {
                continue;
            };
            let cause = self.resolver.event(machine, &at);
            let state = if state == ModuleState::Going { "going" } else { "coming" };
            let told = Told::ModuleStuck { module, state: state.into(), cause };
            self.findings.push(Finding { severity: Severity::Note, ..Finding::new(told) });
        }
    }

    /// Everything sleeps for ever: user tasks that do so in a module's code, where a signal could end it, so that no watchdog
    /// has told of them. Of a read or a poll it may be the scenario's fault that nothing ever comes.
    fn sleepers_for_ever(&mut self, machine: &Machine) {
        let asleep = |task: &&Task| {
            task.user().is_some_and(|user| user.in_kernel)
                && !task.has_exited()
                && !task.hang_reported
                && !task.se.on_rq
                && task.slept_at.trace.ips().any(|ip| machine.locate(ip).is_some())
        };
        let tasks: Vec<TaskId> = machine.kernel.tasks.iter().filter(asleep).map(|task| task.id).collect();
        for id in tasks {
            let Some(task) = machine.kernel.tasks.get(id) else { continue };
            let loading = matches!(task.c.comm_text().as_str(), "insmod" | "rmmod");
            let told = Told::SleepsForever { task: threads::blocked(self, machine, task) };
            let severity = if loading { Severity::Error } else { Severity::Warning };
            self.findings.push(Finding { severity, ..Finding::new(told) });
        }
    }

    /// Hangs that lasted to the end are told with what is known then; if nothing can ever happen, they are proved.
    fn hangs_at_the_end(&mut self, machine: &Machine, ended: &Ended) {
        for (index, victim) in self.hangs.clone() {
            let Some(task) = machine.kernel.tasks.get(victim) else { continue };
            if task.blocked_on == BlockedOn::Nothing || !task.hang_reported {
                continue;
            }
            let since_ns = task.slept_at.time_ns;
            let report =
                Report { fault: Fault::HungTask { victim, since_ns, proved: false }, at: task.slept_at, repeats: 1 };
            let Some(mut told) = self.translate(machine, &report) else { continue };
            let goes_round = machine.rounds.proved.is_some();
            if *ended == Ended::Stuck || nothing_can_happen(machine) {
                prove(&mut told, Proof::Proved);
            } else if goes_round {
                prove(&mut told, Proof::Lasso);
            }
            let round = if goes_round { self.round(machine) } else { Vec::new() };
            if let Some(finding) = self.findings.get_mut(index) {
                finding.fault = told;
                finding.round = round;
            }
        }
    }
}

impl Default for Story {
    fn default() -> Self {
        Story::new()
    }
}

/// Tells apart reports of one kind from one place that are about different tasks.
fn participant(report: &Report) -> u64 {
    match &report.fault {
        Fault::HungTask { victim, .. } | Fault::SoftLockup { victim, .. } | Fault::Livelock { victim, .. } => {
            u64::from(victim.0)
        }
        Fault::LeakThread { target } | Fault::ThreadNeverWoken { target } | Fault::LeakTaskReference { target, .. } => {
            u64::from(target.0)
        }
        Fault::LeakTimer { addr, .. }
        | Fault::LeakWork { addr, .. }
        | Fault::LeakCallback { addr, .. }
        | Fault::SemaphoreImbalance { addr, .. }
        | Fault::WaitEntryLeft { entry: addr, .. } => *addr,
        Fault::LeakRegistration { kind, name, .. } => {
            name.bytes().fold(*kind as u64, |hash, byte| hash.rotate_left(5) ^ u64::from(byte))
        }
        Fault::LeakProcEntry { path, .. } => path.bytes().fold(0, |hash, byte| hash.rotate_left(5) ^ u64::from(byte)),
        Fault::LockHeldAtExit { name, .. } => name.bytes().fold(0, |hash, byte| hash.rotate_left(5) ^ u64::from(byte)),
        Fault::Warn { line, .. } => u64::from(*line),
        Fault::DataRace(race) => race.first.at.trace.0[0],
        _ => 0,
    }
}

/// Whether a race is to be told. Of a variable that each CPU has for itself, others may take a look; if another changes it,
/// that is to be in order with what its own CPU does.
fn is_wanted(machine: &Machine, race: &DataRace) -> bool {
    let elsewhere = |owner: u32| [&race.first, &race.second].iter().any(|side| side.write && side.at.cpu != owner);
    race.second.frees || machine.percpu_owner(race.second.addr).is_none_or(elsewhere)
}

/// Whether every task sleeps without a timeout and nothing is queued that could wake one. Input from outside there is
/// none: the scenario's tasks are tasks.
fn nothing_can_happen(machine: &Machine) -> bool {
    let asleep = |task: &Task| {
        task.has_exited()
            || matches!(task.kind, TaskKind::Idle | TaskKind::System)
            || (!task.se.on_rq && task.timeout.is_none())
    };
    !machine.kernel.events.has_work() && machine.kernel.tasks.iter().all(asleep)
}

/// Whether a finding tells of somebody who waits.
fn is_hang(told: &Told) -> bool {
    matches!(
        told,
        Told::HungTask { .. }
            | Told::KthreadStopHang { .. }
            | Told::KthreadStopLostWakeup { .. }
            | Told::ModuleStuck { .. }
    )
}

/// Nothing can happen any more: what did not end never will.
fn prove(told: &mut Told, how: Proof) {
    match told {
        Told::KthreadStopHang { proof, .. }
        | Told::KthreadStopLostWakeup { proof, .. }
        | Told::HungTask { proof, .. }
        | Told::Deadlock { proof, .. } => *proof = how,
        _ => {}
    }
}

/// Drops findings that only follow from another one: a stop that waits for a thread which keeps its CPU, a task that
/// waits for one whose hang is explained, the oops after a stale task pointer, a thread left behind by an exit function
/// that died.
fn drop_consequences(findings: Vec<Finding>) -> Vec<Finding> {
    let mut busy = Vec::new();
    let mut explained = Vec::new();
    let mut stale = Vec::new();
    let mut stopped = Vec::new();
    let mut waited_for = Vec::new();
    let mut timers = Vec::new();
    let mut left = Vec::new();
    let mut files = false;
    let mut freed_wrong = Vec::new();
    let mut fired = Vec::new();
    let mut works = Vec::new();
    let mut worked = Vec::new();
    let mut callbacks = false;
    let mut freed_in_use = Vec::new();
    let mut still_queued = Vec::new();
    let mut cached = Vec::new();
    let mut dead_frames = false;
    let mut rcu_waits = Vec::new();
    let mut entries = Vec::new();
    let mut deadlocked = false;
    for finding in &findings {
        match &finding.fault {
            Told::SoftLockup { at, .. } => busy.push(at.who.pid),
            Told::SelfDeadlock { again, object, .. } => {
                deadlocked = true;
                if object.kind == ObjectKind::GracePeriod {
                    rcu_waits.push((again.site.clone(), again.who.pid));
                }
                busy.push(again.who.pid);
                explained.push(again.who.pid);
            }
            Told::KthreadStopHang { stopper, thread, .. } | Told::KthreadStopLostWakeup { stopper, thread, .. } => {
                explained.push(stopper.who.pid);
                waited_for.push(thread.pid);
            }
            Told::Deadlock { tasks, .. } => {
                deadlocked = true;
                busy.extend(tasks.iter().map(|task| task.since.who.pid));
                explained.extend(tasks.iter().map(|task| task.since.who.pid));
            }
            Told::UseAfterFree { object, used, .. } if object.kind == ObjectKind::Task => {
                stale.push(used.event.site.clone())
            }
            Told::ThreadNeverWoken { thread, .. } => stopped.push(thread.pid),
            Told::LeakThread { thread, .. } => left.push(thread.pid),
            Told::ModuleUnloadWithOpenFile { .. } => files = true,
            Told::InvalidFree {
                why: InvalidFree::Inside { created, .. } | InvalidFree::WrongFunction { created, .. },
                ..
            } => {
                freed_wrong.push((created.site.clone(), created.time_ns));
            }
            Told::LeakTimer { object, .. } => timers.push(object.name.clone()),
            Told::LeakProcEntry { created, .. } => {
                entries.extend(created.site.as_ref().map(|site| site.module.clone()));
            }
            Told::ModuleTextInUse { user: TextUser::Timer, object, .. } => fired.push(object.name.clone()),
            Told::ModuleTextInUse { user: TextUser::Work, object, .. } => worked.push(object.name.clone()),
            Told::LeakWork { object, state, .. } if *state != WorkLeft::Running => works.push(object.name.clone()),
            Told::LeakCallback { .. } => callbacks = true,
            Told::FreedInUse { created, since, .. } => {
                freed_in_use.push((created.site.clone(), created.time_ns));
                still_queued.push((since.site.clone(), since.time_ns));
            }
            Told::CacheObjectsLeft { blocks, .. } => {
                cached.extend(blocks.iter().map(|block| (block.created.site.clone(), block.created.time_ns)));
            }
            Told::UseAfterReturn { .. } | Told::WaitEntryLeft { frame_gone: true, .. } => dead_frames = true,
            _ => {}
        }
    }
    let queued_freed = |event: &Event| still_queued.contains(&(event.site.clone(), event.time_ns));
    let follows = |fault: &Told| match fault {
        Told::KthreadStopHang { thread, .. } => busy.contains(&thread.pid),
        Told::SoftLockup { at, .. } => explained.contains(&at.who.pid),
        Told::HungTask { task, .. } => {
            busy.contains(&task.since.who.pid)
                || waited_for.contains(&task.since.who.pid)
                || left.contains(&task.since.who.pid)
                || task.owner.as_ref().is_some_and(|owner| explained.contains(&owner.who.pid))
        }
        Told::NullDeref { used, .. } => used.event.site.is_some() && stale.contains(&used.event.site),
        // The timer wheel touches the timer before it calls its function.
        Told::UseAfterFree { object, used, .. } if object.kind == ObjectKind::ModuleData => {
            files
                || (used.event.who.context == Context::Softirq && callbacks)
                || (used.event.who.context != Context::Task && timers.contains(&object.name))
                || (callbacks && used.event.who.comm.starts_with("ksoftirqd/"))
                || works.contains(&object.name)
        }
        Told::ModuleTextInUse { user: TextUser::Callback, .. } => files || callbacks,
        // The access that the leak of the entry announces.
        Told::ModuleTextInUse { user: TextUser::FileOperation, module, .. } => {
            files || callbacks || entries.contains(module)
        }
        Told::ModuleTextInUse { user: TextUser::Timer, object, .. } if object.name.is_empty() => callbacks,
        // A block that was to be freed, but in a wrong way, is no leak of its own.
        Told::LeakMemory { blocks, .. } => blocks.iter().all(|block| {
            let created = (block.created.site.clone(), block.created.time_ns);
            (block.count == 1 && freed_wrong.contains(&created)) || cached.contains(&created)
        }),
        Told::LeakTimer { object, armed, .. } => fired.contains(&object.name) || queued_freed(armed),
        // Its own crash says more than that it was left.
        Told::LeakWork { object, state: WorkLeft::Running, .. } => worked.contains(&object.name),
        Told::ModuleTextInUse { user: TextUser::Work, object, created, .. } => {
            works.contains(&object.name) || created.as_ref().is_some_and(&queued_freed)
        }
        Told::LeakWork { queued, .. } => queued_freed(queued),
        Told::UseAfterFree { created: Some(created), .. }
            if freed_in_use.contains(&(created.site.clone(), created.time_ns)) =>
        {
            true
        }
        Told::UseAfterFree { object, .. } if object.kind == ObjectKind::Stack && dead_frames => true,
        // What a stale frame holds by now is anything.
        Told::Oops { .. } | Told::WildAccess { .. } | Told::UninitObject { .. } if dead_frames => true,
        Told::SleepInAtomic { slept, .. } => {
            slept.site.is_some() && rcu_waits.contains(&(slept.site.clone(), slept.who.pid))
        }
        // The order is what made it possible.
        Told::LockOrder { .. } => deadlocked,
        Told::LeakThread { thread, .. } => stopped.contains(&thread.pid),
        _ => false,
    };
    let mut circles = Vec::new();
    let mut again = |fault: &Told| {
        let mut pids: Vec<i32> = match fault {
            Told::Deadlock { tasks, .. } => tasks.iter().map(|task| task.since.who.pid).collect(),
            Told::SelfDeadlock { again, .. } => vec![again.who.pid],
            _ => return false,
        };
        pids.sort_unstable();
        let known = circles.contains(&pids);
        circles.push(pids);
        known
    };
    // The watchdogs find the circle anew for each task in it.
    findings.into_iter().filter(|finding| !follows(&finding.fault) && !again(&finding.fault)).collect()
}
