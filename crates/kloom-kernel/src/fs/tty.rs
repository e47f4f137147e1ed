//! The console: what programs print to it and what they read from it.
//!
//! The session drains the output to its own standard output and feeds input; without input reading is the end of file.

use std::collections::VecDeque;

use kloom_abi::Errno;
use kloom_abi::sched::TASK_INTERRUPTIBLE;

use crate::Kernel;
use crate::ops::Op;
use crate::task::{BlockedOn, TaskId};

/// Something written to the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// When.
    pub time_ns: u64,
    /// By whom.
    pub task: TaskId,
    /// What.
    pub bytes: Vec<u8>,
}

/// The console.
#[derive(Clone, Debug)]
pub struct Console {
    /// Written and not yet drained.
    pub output: Vec<Output>,
    input: VecDeque<u8>,
    /// No more input comes.
    eof: bool,
    /// Whether it behaves as a terminal (`isatty()`).
    pub is_terminal: bool,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub(crate) waiters: Vec<TaskId>,
}

impl Default for Console {
    fn default() -> Self {
        Console {
            output: Vec::new(),
            input: VecDeque::new(),
            eof: true,
            is_terminal: false,
            size: (80, 24),
            waiters: Vec::new(),
        }
    }
}

impl Console {
    /// Whether a read would not block.
    pub fn readable(&self) -> bool {
        self.eof || !self.input.is_empty()
    }
}

impl Kernel {
    /// Takes what was written to the console since the last call.
    pub fn take_console_output(&mut self) -> Vec<super::tty::Output> {
        std::mem::take(&mut self.vfs.tty.output)
    }

    /// Gives programs something to read; from now on reading blocks when there is nothing, until `eof`.
    pub fn feed_console(&mut self, bytes: &[u8], eof: bool) {
        self.vfs.tty.input.extend(bytes);
        self.vfs.tty.eof = eof;
        for waiter in std::mem::take(&mut self.vfs.tty.waiters) {
            self.try_to_wake_up(waiter, TASK_INTERRUPTIBLE);
        }
    }

    pub(crate) fn tty_write(&mut self, caller: TaskId, bytes: &[u8]) -> usize {
        let time_ns = self.now();
        self.vfs.tty.output.push(Output { time_ns, task: caller, bytes: bytes.to_vec() });
        bytes.len()
    }

    /// Up to a line, as a terminal in its usual mode gives.
    pub(crate) fn tty_read(&mut self, caller: TaskId, max: usize, nonblock: bool) -> Result<Op<Vec<u8>>, Errno> {
        let tty = &mut self.vfs.tty;
        if tty.readable() || max == 0 {
            let line = tty.input.iter().position(|&byte| byte == b'\n').map_or(tty.input.len(), |at| at + 1);
            let bytes = tty.input.drain(..line.min(max)).collect();
            self.wait_over(caller);
            return Ok(Op::Done(bytes));
        }
        if nonblock {
            return Err(Errno::EAGAIN);
        }
        if self.signal_pending(caller) {
            self.wait_over(caller);
            return Err(Errno::EINTR);
        }
        if !self.vfs.tty.waiters.contains(&caller) {
            self.vfs.tty.waiters.push(caller);
        }
        self.wait_begins(caller, BlockedOn::Other("wait_woken"));
        Ok(Op::Block)
    }
}
