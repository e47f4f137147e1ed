//! Pipes and fifos.
//!
//! Behaviour follows Linux 6.1 fs/pipe.c: 64 KiB of buffer, writes up to `PIPE_BUF` go in whole or wait, reading ends
//! when there is no writer, writing fails with `EPIPE` and `SIGPIPE` when there is no reader.

use std::collections::{BTreeMap, VecDeque};

use kloom_abi::Errno;
use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_RUNNING};
use kloom_abi::signal::SIGPIPE;

use super::flags::{POLLERR, POLLHUP, POLLIN, POLLOUT};
use crate::Kernel;
use crate::ops::{Op, Progress};
use crate::task::{BlockedOn, TaskId};

/// Bytes a pipe holds.
pub const PIPE_SIZE: usize = 65536;
/// Writes up to this size are atomic.
pub const PIPE_BUF: usize = 4096;

/// A pipe.
#[derive(Clone, Debug, Default)]
pub struct Pipe {
    buffer: VecDeque<u8>,
    /// Open files that read.
    pub readers: u32,
    /// Open files that write.
    pub writers: u32,
    /// How often it was opened for reading and for writing, so that a fifo's opener sees who came and went.
    opened: [u64; 2],
    waiters: Vec<TaskId>,
    /// The fifo it belongs to, if it has a name.
    pub fifo: Option<super::tmpfs::Ino>,
}

/// All pipes.
#[derive(Clone, Debug, Default)]
pub struct Pipes {
    table: BTreeMap<u32, Pipe>,
    next: u32,
}

impl Pipes {
    /// Makes a pipe without ends.
    pub fn make(&mut self, fifo: Option<super::tmpfs::Ino>) -> u32 {
        self.next += 1;
        self.table.insert(self.next, Pipe { fifo, ..Pipe::default() });
        self.next
    }

    /// The pipe of a number.
    pub fn get(&self, id: u32) -> Option<&Pipe> {
        self.table.get(&id)
    }

    /// Number of pipes.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}

impl Pipe {
    /// Bytes that wait to be read.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    fn poll(&self, read: bool, write: bool) -> u16 {
        let mut mask = 0;
        if read {
            mask |= if self.buffer.is_empty() { 0 } else { POLLIN };
            mask |= if self.writers == 0 && self.opened[1] > 0 { POLLHUP } else { 0 };
        }
        if write {
            mask |= if self.buffer.len() < PIPE_SIZE { POLLOUT } else { 0 };
            mask |= if self.readers == 0 { POLLERR } else { 0 };
        }
        mask
    }
}

impl Kernel {
    /// A wait of a syscall ends: the task runs on.
    pub(crate) fn wait_over(&mut self, caller: TaskId) {
        if let Some(task) = self.tasks.get_mut(caller)
            && task.state() == TASK_INTERRUPTIBLE
        {
            task.c.set_task_state(TASK_RUNNING);
            task.blocked_on = BlockedOn::Nothing;
        }
    }

    /// A syscall puts its caller to sleep until something named happens or a signal comes.
    pub(crate) fn wait_begins(&mut self, caller: TaskId, what: BlockedOn) {
        self.tasks[caller].c.set_task_state(TASK_INTERRUPTIBLE);
        self.block_on(caller, what);
    }

    fn pipe_mut(&mut self, id: u32) -> Result<&mut Pipe, Errno> {
        self.vfs.pipes.table.get_mut(&id).ok_or(Errno::EBADF)
    }

    fn pipe_wake(&mut self, id: u32) {
        let Some(pipe) = self.vfs.pipes.table.get_mut(&id) else {
            return;
        };
        for waiter in std::mem::take(&mut pipe.waiters) {
            self.try_to_wake_up(waiter, TASK_INTERRUPTIBLE);
        }
    }

    fn pipe_wait(&mut self, caller: TaskId, id: u32) {
        if let Ok(pipe) = self.pipe_mut(id)
            && !pipe.waiters.contains(&caller)
        {
            pipe.waiters.push(caller);
        }
        self.wait_begins(caller, BlockedOn::Pipe(id));
    }

    /// An open file of the pipe appears (`read`, `write`: how it is open).
    pub(crate) fn pipe_opened(&mut self, id: u32, read: bool, write: bool) {
        if let Ok(pipe) = self.pipe_mut(id) {
            pipe.readers += u32::from(read);
            pipe.writers += u32::from(write);
            pipe.opened[0] += u64::from(read);
            pipe.opened[1] += u64::from(write);
            self.pipe_wake(id);
        }
    }

    /// An open file of the pipe goes; the last one takes the pipe along.
    pub(crate) fn pipe_closed(&mut self, id: u32, read: bool, write: bool) {
        let Ok(pipe) = self.pipe_mut(id) else { return };
        pipe.readers -= u32::from(read);
        pipe.writers -= u32::from(write);
        let gone = pipe.readers == 0 && pipe.writers == 0;
        let fifo = pipe.fifo;
        self.pipe_wake(id);
        if gone {
            self.vfs.pipes.table.remove(&id);
            if let Some(inode) = fifo.and_then(|ino| self.vfs.tmp.get_mut(ino)) {
                inode.kind = super::tmpfs::InodeKind::Fifo(None);
            }
        }
    }

    /// Waits for the other side of a fifo that was just opened one way. Polled.
    ///
    /// # Errors
    /// `EINTR` when a signal came first.
    pub(crate) fn fifo_wait_peer(
        &mut self,
        caller: TaskId,
        id: u32,
        read: bool,
        p: &mut Progress,
    ) -> Result<Op<()>, Errno> {
        let pipe = self.pipe_mut(id)?;
        let other = usize::from(read);
        let peers = if read { pipe.writers } else { pipe.readers };
        let opened = pipe.opened[other];
        if !p.started {
            p.started = true;
            p.until = opened;
        }
        // Somebody who came and has gone again counts, too.
        if peers > 0 || opened != p.until {
            self.wait_over(caller);
            return Ok(Op::Done(()));
        }
        if self.signal_pending(caller) {
            self.wait_over(caller);
            return Err(Errno::EINTR);
        }
        self.pipe_wait(caller, id);
        Ok(Op::Block)
    }

    /// Reads what is there, at most `max` bytes; empty at the end. Polled.
    ///
    /// # Errors
    /// `EAGAIN` when it would block and must not, `EINTR` when a signal came first.
    pub fn pipe_read(&mut self, caller: TaskId, id: u32, max: usize, nonblock: bool) -> Result<Op<Vec<u8>>, Errno> {
        self.touched.note_changed(crate::touch::PROCESSES);
        let pipe = self.pipe_mut(id)?;
        if !pipe.buffer.is_empty() || max == 0 {
            let count = pipe.buffer.len().min(max);
            let bytes = pipe.buffer.drain(..count).collect();
            self.wait_over(caller);
            self.pipe_wake(id);
            return Ok(Op::Done(bytes));
        }
        let outcome = if pipe.writers == 0 {
            Ok(Op::Done(Vec::new()))
        } else if nonblock {
            Err(Errno::EAGAIN)
        } else if self.signal_pending(caller) {
            Err(Errno::EINTR)
        } else {
            self.pipe_wait(caller, id);
            return Ok(Op::Block);
        };
        self.wait_over(caller);
        outcome
    }

    /// Writes all of `bytes`, or part of them when it must not block or a signal comes. Polled; `p.note` counts what
    /// has gone in.
    ///
    /// # Errors
    /// `EPIPE` without a reader (with `SIGPIPE`), `EAGAIN`, `EINTR`.
    pub fn pipe_write(
        &mut self,
        caller: TaskId,
        id: u32,
        bytes: &[u8],
        nonblock: bool,
        p: &mut Progress,
    ) -> Result<Op<usize>, Errno> {
        self.touched.note_changed(crate::touch::PROCESSES);
        let mut written = p.note as usize;
        let end = |kernel: &mut Kernel, written: usize, errno: Errno| {
            kernel.wait_over(caller);
            if written > 0 { Ok(Op::Done(written)) } else { Err(errno) }
        };
        let pipe = self.pipe_mut(id)?;
        if bytes.is_empty() {
            return Ok(Op::Done(0));
        }
        if pipe.readers == 0 {
            // The signal comes even when part was written; the next write tells of the error.
            let _ = self.send_signal(caller, SIGPIPE);
            return end(self, written, Errno::EPIPE);
        }
        let free = PIPE_SIZE - pipe.buffer.len();
        let left = bytes.len() - written;
        let count = if bytes.len() <= PIPE_BUF && free < left { 0 } else { free.min(left) };
        pipe.buffer.extend(&bytes[written..written + count]);
        written += count;
        p.note = written as u64;
        if count > 0 {
            self.pipe_wake(id);
        }
        if written == bytes.len() {
            self.wait_over(caller);
            return Ok(Op::Done(written));
        }
        if nonblock {
            return end(self, written, Errno::EAGAIN);
        }
        if self.signal_pending(caller) {
            return end(self, written, Errno::EINTR);
        }
        self.pipe_wait(caller, id);
        Ok(Op::Block)
    }

    /// What `poll()` says of a pipe.
    pub(crate) fn pipe_poll(&self, id: u32, read: bool, write: bool) -> u16 {
        self.vfs.pipes.get(id).map_or(POLLERR, |pipe| pipe.poll(read, write))
    }

    /// Adds a task to be woken when anything happens to the pipe.
    pub(crate) fn pipe_add_waiter(&mut self, id: u32, task: TaskId) {
        if let Ok(pipe) = self.pipe_mut(id)
            && !pipe.waiters.contains(&task)
        {
            pipe.waiters.push(task);
        }
    }
}

#[cfg(test)]
mod tests {
    use kloom_abi::signal::{SIGPIPE, SIGUSR1, bit};

    use super::{PIPE_BUF, PIPE_SIZE};
    use crate::fs::file::{ClosePlan, ReadPlan, WritePlan};
    use crate::fs::flags::O_NONBLOCK;
    use crate::fs::testing::{user, with_user};
    use crate::ops::{Op, Progress};
    use crate::signal::Action;
    use crate::task::{BlockedOn, TaskId};
    use crate::{Errno, Kernel};

    fn write(
        kernel: &mut Kernel,
        task: TaskId,
        fd: i32,
        bytes: &[u8],
        p: &mut Progress,
    ) -> Result<Op<WritePlan>, Errno> {
        kernel.sys_write(task, fd, bytes, p)
    }

    fn read(kernel: &mut Kernel, task: TaskId, fd: i32, max: usize) -> Result<Op<ReadPlan>, Errno> {
        kernel.sys_read(task, fd, max, &mut Progress::default())
    }

    #[test]
    fn a_reader_sleeps_until_something_is_written() {
        let (mut kernel, a) = with_user();
        let (r, w) = kernel.sys_pipe(a).unwrap();
        let b = user(&mut kernel, "b");
        kernel.share_fds(a, b);
        assert_eq!(read(&mut kernel, b, r, 10), Ok(Op::Block));
        assert!(matches!(kernel.tasks[b].blocked_on, BlockedOn::Pipe(_)));
        assert_eq!(kernel.tasks[b].state(), 1);
        assert_eq!(write(&mut kernel, a, w, b"hello", &mut Progress::default()), Ok(Op::Done(WritePlan::Done(5))));
        assert_eq!(kernel.tasks[b].state(), 0, "the writer has woken the reader");
        assert_eq!(read(&mut kernel, b, r, 3), Ok(Op::Done(ReadPlan::Data(b"hel".to_vec()))));
        assert_eq!(read(&mut kernel, b, r, 30), Ok(Op::Done(ReadPlan::Data(b"lo".to_vec()))));
    }

    #[test]
    fn reading_ends_when_every_writer_is_gone() {
        let (mut kernel, a) = with_user();
        let (r, w) = kernel.sys_pipe(a).unwrap();
        let b = user(&mut kernel, "b");
        kernel.share_fds(a, b);
        assert_eq!(kernel.sys_close(a, w), Ok(ClosePlan::Done));
        assert_eq!(read(&mut kernel, a, r, 1), Ok(Op::Block), "the child still holds the write end");
        kernel.close_all(b);
        assert_eq!(kernel.tasks[a].state(), 0, "the last close wakes the reader");
        assert_eq!(read(&mut kernel, a, r, 1), Ok(Op::Done(ReadPlan::Data(vec![]))));
        assert_eq!(kernel.sys_close(a, r), Ok(ClosePlan::Done));
        assert!(kernel.vfs.pipes.is_empty());
        assert!(kernel.vfs.files.is_empty());
    }

    #[test]
    fn writing_without_a_reader_is_epipe_and_sigpipe() {
        let (mut kernel, a) = with_user();
        let (r, w) = kernel.sys_pipe(a).unwrap();
        assert_eq!(kernel.sys_close(a, r), Ok(ClosePlan::Done));
        assert_eq!(write(&mut kernel, a, w, b"x", &mut Progress::default()), Err(Errno::EPIPE));
        assert_ne!(kernel.tasks[a].signals.pending & bit(SIGPIPE), 0);
    }

    #[test]
    fn small_writes_are_whole_and_large_ones_go_in_pieces() {
        let (mut kernel, a) = with_user();
        let (r, w) = kernel.sys_pipe(a).unwrap();
        let b = user(&mut kernel, "b");
        kernel.share_fds(a, b);
        let big: Vec<u8> = (0..PIPE_SIZE + 10_000).map(|n| n as u8).collect();
        let mut p = Progress::default();
        assert_eq!(write(&mut kernel, a, w, &big, &mut p), Ok(Op::Block));
        let mut got = Vec::new();
        // The other task finds no room for a small write although some bytes are free.
        let Ok(Op::Done(ReadPlan::Data(bytes))) = read(&mut kernel, b, r, PIPE_BUF - 1) else { panic!() };
        got.extend(bytes);
        let mut small = Progress::default();
        assert_eq!(write(&mut kernel, b, w, &[7; PIPE_BUF], &mut small), Ok(Op::Block));
        assert_eq!(small.note, 0);
        let mut rounds = 0;
        loop {
            match write(&mut kernel, a, w, &big, &mut p) {
                Ok(Op::Done(WritePlan::Done(n))) => {
                    assert_eq!(n, big.len());
                    break;
                }
                Ok(Op::Block) => {}
                other => panic!("{other:?}"),
            }
            let Ok(Op::Done(ReadPlan::Data(bytes))) = read(&mut kernel, b, r, 5000) else { panic!() };
            got.extend(bytes);
            rounds += 1;
            assert!(rounds < 100);
        }
        while got.len() < big.len() {
            let Ok(Op::Done(ReadPlan::Data(bytes))) = read(&mut kernel, b, r, 70_000) else { panic!() };
            got.extend(bytes);
        }
        assert!(got == big, "every byte came, once and in order");
        assert_eq!(write(&mut kernel, b, w, &[7; PIPE_BUF], &mut small), Ok(Op::Done(WritePlan::Done(PIPE_BUF))));
    }

    #[test]
    fn a_signal_interrupts_a_reader() {
        let (mut kernel, a) = with_user();
        let (r, _) = kernel.sys_pipe(a).unwrap();
        kernel.set_signal_action(a, SIGUSR1, Action::Handle);
        assert_eq!(read(&mut kernel, a, r, 1), Ok(Op::Block));
        kernel.send_signal(a, SIGUSR1).unwrap();
        assert_eq!(kernel.tasks[a].state(), 0);
        assert_eq!(read(&mut kernel, a, r, 1), Err(Errno::EINTR));
    }

    #[test]
    fn a_fifo_is_opened_by_two() {
        let (mut kernel, a) = with_user();
        let b = user(&mut kernel, "b");
        kernel.sys_mknod(a, "/tmp/f", crate::fs::FileKind::Fifo, 0o644, Default::default()).unwrap();
        let mut p = Progress::default();
        assert_eq!(kernel.sys_open(a, "/tmp/f", 0, 0, &mut p), Ok(Op::Block));
        assert_eq!(
            kernel.sys_open(b, "/tmp/f", 1 | O_NONBLOCK, 0, &mut Progress::default()),
            Ok(Op::Done(crate::fs::OpenPlan::Done(0)))
        );
        assert_eq!(kernel.sys_open(a, "/tmp/f", 0, 0, &mut p), Ok(Op::Done(crate::fs::OpenPlan::Done(0))));
        assert_eq!(write(&mut kernel, b, 0, b"abc", &mut Progress::default()), Ok(Op::Done(WritePlan::Done(3))));
        kernel.close_all(b);
        assert_eq!(read(&mut kernel, a, 0, 9), Ok(Op::Done(ReadPlan::Data(b"abc".to_vec()))));
        assert_eq!(read(&mut kernel, a, 0, 9), Ok(Op::Done(ReadPlan::Data(vec![]))));
        kernel.close_all(a);
        assert_eq!(kernel.sys_open(b, "/tmp/f", 1 | O_NONBLOCK, 0, &mut Progress::default()), Err(Errno::ENXIO));
        assert!(kernel.vfs.files.is_empty() && kernel.vfs.pipes.is_empty());
    }
}
