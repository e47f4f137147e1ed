//! printk: the ring buffer behind dmesg.
//!
//! C header: include/linux/printk.h. Behaviour follows Linux 6.1 kernel/printk/printk.c: records carry a level, an
//! instant and the caller; a text without a newline is open for `KERN_CONT` of the same caller. Formatting itself is
//! in `kloom-lib`.

use std::collections::VecDeque;

use crate::Kernel;
use crate::task::TaskId;

/// Log levels, `KERN_EMERG` to `KERN_DEBUG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are Linux's own")]
pub enum Level {
    Emerg,
    Alert,
    Crit,
    Err,
    Warning,
    Notice,
    Info,
    Debug,
}

impl Level {
    /// 0 to 7.
    pub fn from_digit(digit: u8) -> Option<Level> {
        use Level::*;
        [Emerg, Alert, Crit, Err, Warning, Notice, Info, Debug].get(usize::from(digit)).copied()
    }
}

/// One record of the ring buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Never reused.
    pub seq: u64,
    /// Level.
    pub level: Level,
    /// Virtual time.
    pub time_ns: u64,
    /// Who printed it.
    pub caller: TaskId,
    /// The text, without the final newline; it may contain newlines.
    pub text: Vec<u8>,
    /// No newline came yet: `KERN_CONT` of the same caller goes on here.
    pub open: bool,
}

/// The ring.
#[derive(Clone, Debug)]
pub struct Printk {
    /// Records, oldest first.
    pub records: VecDeque<Record>,
    /// Bytes of text held.
    bytes: usize,
    /// Next sequence number.
    pub next_seq: u64,
    /// First record a plain dmesg shows (`dmesg -c` moves it).
    pub clear_seq: u64,
    /// Messages below this level go to the console.
    pub console_level: u8,
    /// Level of messages that name none.
    pub default_level: Level,
    /// Records dropped because the buffer was full.
    pub dropped: u64,
    /// Total bytes ever printed, for the session's limit.
    pub total_bytes: u64,
}

/// Size of the log buffer (`CONFIG_LOG_BUF_SHIFT` 17).
const LOG_BUF_BYTES: usize = 1 << 17;
/// Size of the buffer one printk call formats into, with level prefix and terminating NUL (`LOG_LINE_MAX` of 6.1).
pub const LINE_MAX: usize = 1024 - 32;

impl Default for Printk {
    fn default() -> Self {
        Printk {
            records: VecDeque::new(),
            bytes: 0,
            next_seq: 0,
            clear_seq: 0,
            console_level: 7,
            default_level: Level::Warning,
            dropped: 0,
            total_bytes: 0,
        }
    }
}

impl Printk {
    fn push(&mut self, record: Record) {
        self.bytes += record.text.len() + RECORD_OVERHEAD;
        self.records.push_back(record);
        while self.bytes > LOG_BUF_BYTES
            && let Some(old) = self.records.pop_front()
        {
            self.bytes -= old.text.len() + RECORD_OVERHEAD;
            self.dropped += 1;
        }
    }

    /// Ends every open record, as reading the log does.
    pub fn close_open(&mut self) {
        if let Some(last) = self.records.back_mut() {
            last.open = false;
        }
    }
}

const RECORD_OVERHEAD: usize = 64;

impl Kernel {
    /// Prints a message of the kernel's own.
    pub fn printk(&mut self, level: Level, text: String) {
        self.printk_bytes(Some(level), false, text.as_bytes(), true);
    }

    /// Adds a formatted text: `level` None means the default, `cont` that it was marked `KERN_CONT`.
    pub fn printk_bytes(&mut self, level: Option<Level>, cont: bool, text: &[u8], ends_line: bool) {
        self.charge(PRINTK_COST_NS + text.len() as u64 * PRINTK_BYTE_COST_NS);
        let caller = self.current();
        let text = &text[..text.len().min(LINE_MAX)];
        self.printk.total_bytes += text.len() as u64 + 1;
        // A continuation joins the last record if that is open and the caller's own.
        if cont
            && let Some(last) = self.printk.records.back_mut()
            && last.open
            && last.caller == caller
        {
            last.text.extend_from_slice(text);
            last.open = !ends_line;
            self.printk.bytes += text.len();
            self.printk.total_bytes += text.len() as u64;
            return;
        }
        if let Some(last) = self.printk.records.back_mut() {
            last.open = false;
        }
        // Records are stamped by the local clock; the log never runs backwards.
        let last_ns = self.printk.records.back().map_or(0, |record| record.time_ns);
        let record = Record {
            seq: self.printk.next_seq,
            level: level.unwrap_or(self.printk.default_level),
            time_ns: self.now().max(last_ns),
            caller,
            text: text.to_vec(),
            open: !ends_line,
        };
        self.printk.next_seq += 1;
        self.printk.push(record);
        if !self.vfs.kmsg_waiters.is_empty() {
            self.wake_kmsg();
        }
    }
}

/// Cost of a message: formatting, the ring, the console.
const PRINTK_COST_NS: u64 = 4_000;
const PRINTK_BYTE_COST_NS: u64 = 20;

/// The `[    5.000123] ` prefix of a dmesg line.
pub fn timestamp(time_ns: u64) -> String {
    format!("[{:5}.{:06}] ", time_ns / 1_000_000_000, time_ns % 1_000_000_000 / 1000)
}
