//! Where in the module's code something happened: raw return addresses, resolved to file and line by the session.

use crate::task::TaskId;

/// Return addresses, innermost first; zero-terminated, at most eight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trace(pub [u64; 8]);

impl Trace {
    /// A trace of one address.
    pub fn one(ip: u64) -> Trace {
        let mut frames = [0; 8];
        frames[0] = ip;
        Trace(frames)
    }

    /// The addresses that are there.
    pub fn ips(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().copied().take_while(|&ip| ip != 0)
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.0[0] == 0
    }
}

/// In what context code ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum ContextKind {
    /// Process context.
    #[default]
    Task,
    /// A softirq (timer callback, tasklet).
    Softirq,
    /// A hard interrupt handler.
    Hardirq,
}

/// Something that happened: who did it, when, where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawEvent {
    /// The task that was current.
    pub task: TaskId,
    /// Its pid (the task may be gone when the event is told).
    pub pid: i32,
    /// Its name.
    pub comm: [u8; 16],
    /// CPU.
    pub cpu: u32,
    /// Process, softirq or hardirq context.
    pub context: ContextKind,
    /// Virtual time.
    pub time_ns: u64,
    /// The module's call chain.
    pub trace: Trace,
}
