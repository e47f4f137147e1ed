//! A toy machine: threads with registers, shared variables, mutexes and semaphores. A step is one visible operation and
//! all that is invisible after it. Besides running under a search it enumerates, in another way, all that can happen.
#![expect(dead_code, reason = "each test uses a part of it")]

pub(crate) mod fuzz;
pub(crate) mod random;

use std::collections::BTreeSet;
use std::sync::Mutex;

use kloom_explore::parallel::{self, Plan};
use kloom_explore::search::{Access, Candidate, Ending, Kind, Limits, Pick, Search, Summary, ThreadId};

/// Where something is: a fixed place plus what a register holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At(pub(crate) usize, pub(crate) Option<usize>);

/// A fixed place.
pub(crate) const fn at(place: usize) -> At {
    At(place, None)
}

/// What a thread does. Registers are numbered; lines too, for jumps.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// Visible: reads a variable.
    Load(usize, At),
    /// Visible: writes a register plus a number.
    Store(At, usize, i64),
    /// Visible: adds to a variable; the old value goes to the register.
    Add(usize, At, i64),
    /// Visible: if the variable holds the first number, it becomes the register plus the second. The register after that is 1 if so. A failed one only reads.
    Cas(At, i64, usize, i64),
    /// Visible; enabled when the mutex is free.
    Lock(At),
    /// Invisible; nothing if the thread does not have it.
    Unlock(At),
    /// Part of the step before it: reads a variable.
    AlsoLoad(usize, At),
    /// Part of the step before it: writes a register plus a number.
    AlsoStore(At, usize, i64),
    /// Visible; enabled when the count is not 0, which it takes one of.
    Down(At),
    /// Visible.
    Up(At),
    /// Visible: touches what belongs to the thread only.
    Local,
    /// Invisible: an internal choice below the number.
    Choose(usize, u32),
    /// Invisible.
    Set(usize, i64),
    /// Invisible: register = other register * factor + number.
    Calc(usize, usize, i64, i64),
    /// Invisible: register modulo.
    Mod(usize, i64),
    /// Invisible: goes to a line if the register is less than the number.
    IfLess(usize, i64, usize),
    /// Invisible: goes to a line if the register is the number.
    IfIs(usize, i64, usize),
    /// Invisible: ends the execution with a bug if the register is the number.
    BugIf(usize, i64),
}

pub(crate) const REGISTERS: usize = 6;

/// A program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    pub(crate) variables: usize,
    pub(crate) mutexes: usize,
    pub(crate) semaphores: Vec<u32>,
    pub(crate) threads: Vec<Vec<Op>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Thread {
    line: usize,
    registers: [i64; REGISTERS],
}

/// All that can be seen of an execution in the end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    threads: Vec<Thread>,
    pub(crate) variables: Vec<i64>,
    owners: Vec<Option<usize>>,
    semaphores: Vec<u32>,
    pub(crate) bug: bool,
}

fn variable(index: usize) -> u64 {
    index as u64
}

fn mutex(index: usize) -> u64 {
    1 << 32 | index as u64
}

fn semaphore(index: usize) -> u64 {
    2 << 32 | index as u64
}

impl Program {
    /// Whether the search for it is optimal: internal choices may lead to executions that are redundant, for a thread that made
    /// some of them elsewhere does not sleep.
    pub(crate) fn is_plain(&self) -> bool {
        !self.threads.iter().flatten().any(|op| matches!(op, Op::Choose(..)))
    }
}

impl State {
    pub(crate) fn new(program: &Program) -> State {
        let mut state = State {
            threads: vec![Thread { line: 0, registers: [0; REGISTERS] }; program.threads.len()],
            variables: vec![0; program.variables],
            owners: vec![None; program.mutexes],
            semaphores: program.semaphores.clone(),
            bug: false,
        };
        for thread in 0..program.threads.len() {
            state.invisible(program, thread, &mut Vec::new(), &mut |_| 0);
        }
        state
    }

    pub(crate) fn reset(&mut self, program: &Program, initial: &State) {
        debug_assert_eq!(program.threads.len(), initial.threads.len());
        self.threads.clone_from(&initial.threads);
        self.variables.clone_from(&initial.variables);
        self.owners.clone_from(&initial.owners);
        self.semaphores.clone_from(&initial.semaphores);
        self.bug = false;
    }

    pub(crate) fn register(&self, thread: usize, register: usize) -> i64 {
        self.threads[thread].registers[register]
    }

    pub(crate) fn finished(&self, program: &Program) -> bool {
        self.threads.iter().zip(&program.threads).all(|(thread, ops)| thread.line >= ops.len())
    }

    fn place(&self, thread: usize, at: At) -> usize {
        at.0 + at.1.map_or(0, |register| self.threads[thread].registers[register] as usize)
    }

    /// What the thread's next step begins with, and whether it can.
    pub(crate) fn next(&self, program: &Program, thread: usize) -> Option<(Access, bool)> {
        let op = *program.threads[thread].get(self.threads[thread].line)?;
        let place = |at| self.place(thread, at);
        let (object, kind, enabled) = match op {
            Op::Load(_, at) => (variable(place(at)), Kind::Read, true),
            Op::Store(at, ..) | Op::Add(_, at, _) | Op::Cas(at, ..) => (variable(place(at)), Kind::Write, true),
            Op::Lock(at) => (mutex(place(at)), Kind::Acquire, self.owners[place(at)].is_none()),
            Op::Down(at) => (semaphore(place(at)), Kind::Write, self.semaphores[place(at)] > 0),
            Op::Up(at) => (semaphore(place(at)), Kind::Write, true),
            _ => (3 << 32 | thread as u64, Kind::Write, true),
        };
        Some((Access { object, kind }, enabled))
    }

    pub(crate) fn step(
        &mut self,
        program: &Program,
        thread: usize,
        accesses: &mut Vec<Access>,
        choose: &mut dyn FnMut(u32) -> u32,
    ) {
        let Some((first, _)) = self.next(program, thread) else { return };
        let mut first = first;
        let line = self.threads[thread].line;
        self.threads[thread].line += 1;
        match program.threads[thread][line] {
            Op::Load(register, at) => {
                self.threads[thread].registers[register] = self.variables[self.place(thread, at)];
            }
            Op::Store(at, register, number) => {
                let place = self.place(thread, at);
                self.variables[place] = self.threads[thread].registers[register] + number;
            }
            Op::Add(register, at, number) => {
                let place = self.place(thread, at);
                self.threads[thread].registers[register] = self.variables[place];
                self.variables[place] += number;
            }
            Op::Cas(at, expected, register, number) => {
                let place = self.place(thread, at);
                let hit = self.variables[place] == expected;
                if hit {
                    self.variables[place] = self.threads[thread].registers[register] + number;
                } else {
                    first.kind = Kind::Read;
                }
                self.threads[thread].registers[register + 1] = i64::from(hit);
            }
            Op::Lock(at) => {
                let place = self.place(thread, at);
                self.owners[place] = Some(thread);
            }
            Op::Down(at) => {
                let place = self.place(thread, at);
                self.semaphores[place] -= 1;
            }
            Op::Up(at) => {
                let place = self.place(thread, at);
                self.semaphores[place] += 1;
            }
            _ => {}
        }
        accesses.push(first);
        self.invisible(program, thread, accesses, choose);
    }

    fn invisible(
        &mut self,
        program: &Program,
        thread: usize,
        accesses: &mut Vec<Access>,
        choose: &mut dyn FnMut(u32) -> u32,
    ) {
        while let Some(&op) = program.threads[thread].get(self.threads[thread].line) {
            let mut next = self.threads[thread].line + 1;
            match op {
                Op::Unlock(at) => {
                    let place = self.place(thread, at);
                    if self.owners[place] == Some(thread) {
                        self.owners[place] = None;
                        accesses.push(Access { object: mutex(place), kind: Kind::Release });
                    }
                }
                Op::AlsoLoad(register, at) => {
                    let place = self.place(thread, at);
                    self.threads[thread].registers[register] = self.variables[place];
                    accesses.push(Access { object: variable(place), kind: Kind::Read });
                }
                Op::AlsoStore(at, register, number) => {
                    let place = self.place(thread, at);
                    self.variables[place] = self.threads[thread].registers[register] + number;
                    accesses.push(Access { object: variable(place), kind: Kind::Write });
                }
                _ => {
                    let registers = &mut self.threads[thread].registers;
                    match op {
                        Op::Choose(register, options) => registers[register] = i64::from(choose(options)),
                        Op::Set(register, number) => registers[register] = number,
                        Op::Calc(to, from, factor, number) => registers[to] = registers[from] * factor + number,
                        Op::Mod(register, number) => registers[register] %= number,
                        Op::IfLess(register, number, line) if registers[register] < number => next = line,
                        Op::IfIs(register, number, line) if registers[register] == number => next = line,
                        Op::IfLess(..) | Op::IfIs(..) => {}
                        Op::BugIf(register, number) => self.bug |= registers[register] == number,
                        _ => return,
                    }
                }
            }
            self.threads[thread].line = next;
        }
    }
}

/// A Mazurkiewicz trace: the least of all orders equivalent to an execution.
pub(crate) type Form = Vec<(usize, Vec<u32>)>;

/// What a search saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) finals: BTreeSet<State>,
    pub(crate) traces: BTreeSet<Form>,
    /// Executions after which one was seen first that ended in a bug.
    pub(crate) first_bug: Option<u64>,
    pub(crate) summary: Summary,
}

/// Runs a program again and again until the search has enough or `most` executions are done.
pub(crate) fn run(program: &Program, search: &mut dyn Search, most: u64) -> Seen {
    let mut seen = Seen::default();
    let mut runner = Runner::new(program);
    for nth in 0..most {
        if search.begin().is_none() {
            break;
        }
        let ending = runner.execute(program, search);
        if ending != Ending::Abandoned {
            seen.finals.insert(runner.state.clone());
            seen.traces.insert(normal_form(&runner.path));
        }
        if matches!(ending, Ending::Bug(_)) {
            seen.first_bug.get_or_insert(nth + 1);
        }
    }
    seen.summary = search.summary();
    seen
}

/// The same by the tree that any number of threads share; also the state in the end.
pub(crate) fn run_tree(program: &Program, limits: Limits, jobs: usize, window: usize) -> (Seen, parallel::State) {
    let plan = Plan { limits, window, ..Plan::default() };
    let seen = Mutex::new(Seen::default());
    let make = || {
        let (mut runner, seen) = (Runner::new(program), &seen);
        move |search: &mut dyn Search| {
            let ending = runner.execute(program, search);
            if ending != Ending::Abandoned {
                let mut seen = seen.lock().expect("not poisoned");
                seen.finals.insert(runner.state.clone());
                seen.traces.insert(normal_form(&runner.path));
            }
            ending
        }
    };
    let state = parallel::run(&plan, jobs, make);
    let mut seen = seen.into_inner().expect("not poisoned");
    seen.summary = state.outcome().summary;
    (seen, state)
}

/// Buffers of executions.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) state: State,
    initial: State,
    candidates: Vec<Candidate>,
    accesses: Vec<Access>,
    path: Vec<Event>,
    /// Keeps no path: for measuring.
    pub(crate) quick: bool,
}

impl Runner {
    pub(crate) fn new(program: &Program) -> Runner {
        let state = State::new(program);
        Runner {
            initial: state.clone(),
            state,
            candidates: Vec::new(),
            accesses: Vec::new(),
            path: Vec::new(),
            quick: false,
        }
    }

    /// One execution, begun by the caller. Threads are numbered from 1.
    pub(crate) fn execute(&mut self, program: &Program, search: &mut dyn Search) -> Ending {
        self.state.reset(program, &self.initial);
        self.path.clear();
        let mut last = None;
        let ending = loop {
            if self.state.bug {
                break Ending::Bug(1);
            }
            self.candidates.clear();
            for thread in 0..program.threads.len() {
                if let Some((first, true)) = self.state.next(program, thread) {
                    self.candidates.push(Candidate {
                        thread: thread as ThreadId + 1,
                        first: Some(first),
                        preempts: false,
                        lazy: false,
                    });
                }
            }
            if self.candidates.is_empty() {
                for thread in 0..program.threads.len() {
                    if let Some((wants, false)) = self.state.next(program, thread) {
                        search.blocked(thread as ThreadId + 1, wants);
                    }
                }
                break Ending::Ok;
            }
            if let Some(last) = last
                && self.candidates.iter().any(|candidate| candidate.thread == last)
            {
                for candidate in &mut self.candidates {
                    candidate.preempts = candidate.thread != last;
                }
            }
            let thread = match search.pick(&self.candidates) {
                Pick::Run(index) => self.candidates[index].thread,
                Pick::Abandon => break Ending::Abandoned,
            };
            self.accesses.clear();
            let mut answers = Vec::new();
            self.state.step(program, thread as usize - 1, &mut self.accesses, &mut |options| {
                let answer = search.choose(options);
                answers.push(answer);
                answer
            });
            search.stepped(thread, &self.accesses);
            if !self.quick {
                self.path.push(Event { thread: thread as usize - 1, answers, accesses: self.accesses.clone() });
            }
            last = Some(thread);
        };
        search.end(ending);
        ending
    }
}

/// All final states and the number of Mazurkiewicz traces, by brute force. `None` if there are more than `most` executions.
pub(crate) fn brute_force(program: &Program, most: usize) -> Option<(BTreeSet<State>, BTreeSet<Form>)> {
    let mut all = Brute { program, most, finals: BTreeSet::new(), traces: BTreeSet::new(), path: Vec::new() };
    all.explore(&State::new(program)).then_some(())?;
    Some((all.finals, all.traces))
}

#[derive(Debug)]
struct Event {
    thread: usize,
    answers: Vec<u32>,
    accesses: Vec<Access>,
}

struct Brute<'p> {
    program: &'p Program,
    most: usize,
    finals: BTreeSet<State>,
    traces: BTreeSet<Form>,
    path: Vec<Event>,
}

impl Brute<'_> {
    fn explore(&mut self, state: &State) -> bool {
        let enabled: Vec<usize> = (0..self.program.threads.len())
            .filter(|&thread| !state.bug && state.next(self.program, thread).is_some_and(|next| next.1))
            .collect();
        if enabled.is_empty() {
            self.most = self.most.saturating_sub(1);
            self.finals.insert(state.clone());
            self.traces.insert(normal_form(&self.path));
            return self.most > 0;
        }
        for thread in enabled {
            let mut todo = vec![Vec::new()];
            while let Some(preset) = todo.pop() {
                let (mut next, mut accesses, mut answers) = (state.clone(), Vec::new(), Vec::new());
                next.step(self.program, thread, &mut accesses, &mut |options| {
                    let answer = preset.get(answers.len()).copied().unwrap_or(0);
                    if answers.len() >= preset.len() {
                        todo.extend((1..options).map(|other| answers.iter().copied().chain([other]).collect()));
                    }
                    answers.push(answer);
                    answer
                });
                self.path.push(Event { thread, answers, accesses });
                let go_on = self.explore(&next);
                self.path.pop();
                if !go_on {
                    return false;
                }
            }
        }
        true
    }
}

fn normal_form(events: &[Event]) -> Form {
    let dependent = |a: &Event, b: &Event| {
        a.thread == b.thread || a.accesses.iter().any(|&x| b.accesses.iter().any(|&y| x.depends(y)))
    };
    let mut left: Vec<usize> = (0..events.len()).collect();
    let mut form = Vec::new();
    while !left.is_empty() {
        let free = (0..left.len())
            .filter(|&at| left[..at].iter().all(|&earlier| !dependent(&events[earlier], &events[left[at]])))
            .min_by_key(|&at| events[left[at]].thread);
        let event = left.remove(free.expect("the first is free"));
        form.push((events[event].thread, events[event].answers.clone()));
    }
    form
}
