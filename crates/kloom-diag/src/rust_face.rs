//! What a check of Rust code found, and its words: the text of the panic that fails the test.

use std::fmt;

/// A line of the user's Rust code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the compiler names it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A thread panicked.
    Panic {
        /// Its name.
        thread: String,
        /// What it said.
        message: String,
        /// Where.
        place: Option<Place>,
    },
    /// Nothing can ever run again, and `main` has not come to its end.
    Deadlock,
    /// Code runs for ever without anything changing.
    Livelock,
    /// `main` is over, and threads are left that nothing will end.
    ThreadLeak,
    /// A task has slept for longer than counts as a hang.
    Hang {
        /// Its name.
        thread: String,
        /// Seconds of virtual time.
        seconds: u64,
    },
    /// A lock was held where none may be.
    LockHeld {
        /// Its name.
        lock: String,
        /// Where none may be held.
        place: String,
        /// Where it was taken.
        taken: Option<Place>,
    },
    /// A sleeping operation in atomic context.
    SleepInAtomic {
        /// The operation.
        operation: String,
        /// Where.
        place: Option<Place>,
        /// The lock or section that makes it atomic began here.
        since: Option<Place>,
    },
    /// Another misuse of the kernel's objects.
    Misuse {
        /// What, in the kernel's terms.
        text: String,
        /// Where.
        place: Option<Place>,
    },
    /// A module was removed while one of its threads still lived.
    ModuleInUse {
        /// The module.
        module: String,
        /// The thread.
        thread: String,
        /// Where it was created.
        created: Option<Place>,
    },
    /// The bound on steps was reached.
    TooLong {
        /// Steps.
        steps: u32,
    },
}

impl Wrong {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Wrong::Panic { .. } => "panic",
            Wrong::Deadlock => "deadlock",
            Wrong::Livelock => "livelock",
            Wrong::ThreadLeak => "thread-leak",
            Wrong::Hang { .. } => "hung-task",
            Wrong::LockHeld { .. } => "lock-held-at-exit",
            Wrong::SleepInAtomic { .. } => "sleep-in-atomic",
            Wrong::Misuse { .. } => "misuse",
            Wrong::ModuleInUse { .. } => "module-text-in-use",
            Wrong::TooLong { .. } => "step-limit",
        }
    }
}

/// What a thread does when the execution ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadState {
    /// Its name.
    pub name: String,
    /// Its pid.
    pub pid: i32,
    /// Where it was created.
    pub created: Option<Place>,
    /// The operation it is in or stands before; `None`: it runs code of its own.
    pub operation: Option<String>,
    /// Where.
    pub place: Option<Place>,
    /// It sleeps or waits in that operation, and does not only stand before it.
    pub waits: bool,
    /// Who has what it waits for.
    pub holder: Option<String>,
    /// Nobody has ever started it.
    pub never_started: bool,
}

/// One choice of the schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The thread that went.
    pub thread: String,
    /// What it did.
    pub operation: String,
    /// Where.
    pub place: Option<Place>,
}

/// A failing execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub wrong: Wrong,
    /// Threads that had not ended.
    pub threads: Vec<ThreadState>,
    /// The schedule, oldest first.
    pub choices: Vec<Choice>,
    /// The log of the machine.
    pub log: Vec<String>,
    /// How the search is called, and what it says of itself.
    pub search: String,
    /// The how-manieth execution it was.
    pub execution: u64,
    /// Replays it.
    pub token: String,
}

/// Choices shown at most; the last ones say the most.
const SHOWN: usize = 60;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: ", self.wrong.code())?;
        self.claim(f)?;
        for thread in &self.threads {
            write!(f, "\nnote: `{}` (pid {})", thread.name, thread.pid)?;
            match (&thread.operation, thread.never_started) {
                (_, true) => f.write_str(" was never started")?,
                (Some(operation), _) => {
                    let verb = if thread.waits { "waits in" } else { "stands before" };
                    write!(f, " {verb} `{operation}`")?;
                }
                (None, _) => f.write_str(" runs")?,
            }
            if let Some(holder) = &thread.holder {
                write!(f, ", for what `{holder}` has")?;
            }
            if let Some(place) = &thread.place {
                write!(f, "\n  --> {place}")?;
            }
            if let Some(created) = &thread.created {
                write!(f, "\n      created at {created}")?;
            }
        }
        if !self.choices.is_empty() {
            let width = self.choices.iter().map(|choice| choice.thread.len()).max().unwrap_or(0);
            f.write_str("\nnote: the schedule")?;
            let left_out = self.choices.len().saturating_sub(SHOWN);
            if left_out > 0 {
                write!(f, "\n        … {left_out} steps before")?;
            }
            for (number, choice) in self.choices.iter().enumerate().skip(left_out) {
                write!(f, "\n  {:>5}  {:width$}  {}", number + 1, choice.thread, choice.operation)?;
                if let Some(place) = &choice.place {
                    write!(f, "  {place}")?;
                }
            }
        }
        if !self.log.is_empty() {
            f.write_str("\nnote: the log")?;
            for line in &self.log {
                write!(f, "\n  | {line}")?;
            }
        }
        write!(f, "\n  = note: found in execution {} ({})", self.execution, self.search)?;
        write!(f, "\n  = replay: kloom::replay(\"{}\", || …)", self.token)
    }
}

impl Failure {
    fn claim(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |f: &mut fmt::Formatter<'_>, place: &Option<Place>| match place {
            Some(place) => write!(f, "\n  --> {place}"),
            None => Ok(()),
        };
        match &self.wrong {
            Wrong::Panic { thread, message, place } => {
                write!(f, "thread `{thread}` panicked: {message}")?;
                at(f, place)
            }
            Wrong::Deadlock => f.write_str("nothing can run any more, and `main` has not come to its end"),
            Wrong::Livelock => {
                f.write_str("threads look at the same values for ever, and nobody is left to change them")
            }
            Wrong::ThreadLeak => f.write_str("`main` is over, and threads are left that nobody has stopped"),
            Wrong::Hang { thread, seconds } => {
                write!(f, "`{thread}` has waited for more than {seconds} seconds of virtual time")
            }
            Wrong::LockHeld { lock, place, taken } => {
                write!(f, "lock `{lock}` is still held at the {place}")?;
                at(f, taken)
            }
            Wrong::SleepInAtomic { operation, place, since } => {
                write!(f, "`{operation}` may sleep, and is called in atomic context")?;
                at(f, place)?;
                match since {
                    Some(since) => write!(f, "\nnote: atomic since\n  --> {since}"),
                    None => Ok(()),
                }
            }
            Wrong::Misuse { text, place } => {
                f.write_str(text)?;
                at(f, place)
            }
            Wrong::ModuleInUse { module, thread, created } => {
                write!(f, "module `{module}` is removed, and its thread `{thread}` still runs")?;
                at(f, created)
            }
            Wrong::TooLong { steps } => write!(f, "the execution did not end within {steps} steps"),
        }
    }
}
