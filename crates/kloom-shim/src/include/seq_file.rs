//! C header: include/linux/seq_file.h.
//!
//! Behaviour follows Linux 6.1 fs/seq_file.c: a record that does not fit makes the buffer twice as large and is printed
//! again from the iterator's start; `next()` has to move the position. The iterator's functions are module code called
//! on the reader's stack: only plain values live across such a call.

use kloom_abi::Errno;
use kloom_abi::sched::TASK_UNINTERRUPTIBLE;
use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;
use kloom_kernel::printk::Level;
use kloom_kernel::task::LockClass;
use kloom_lib::hexdump::{DumpForm, hex_dump_to_buffer};
use kloom_lib::string_helpers::{Escape, string_escape_mem};
use kloom_lib::vsprintf::Args;

use super::printk::{VaList, VarArgs, format};
use crate::Machine;
use crate::call::{blocking, call3, enter, might_sleep};
use crate::fileops::{dentry, file, fmode, word};
use crate::memory::intern;
use crate::object::Magic;
use crate::oops::or_oops;

/// Offsets in `struct seq_file`.
const BUF: u64 = 0;
const SIZE: u64 = 8;
const FROM: u64 = 16;
const COUNT: u64 = 24;
const PAD_UNTIL: u64 = 32;
const INDEX: u64 = 40;
const READ_POS: u64 = 48;
const LOCK: u64 = 56;
const OPS: u64 = 72;
const FILE: u64 = 88;
const PRIVATE: u64 = 96;
const STRUCT_SIZE: u64 = 112;

/// Offsets in `struct seq_operations`.
const START: u64 = 0;
const STOP: u64 = 8;
const NEXT: u64 = 16;
const SHOW: u64 = 24;

const SEQ_START_TOKEN: u64 = 1;
const PAGE: u64 = 4096;
const MAX_BUFFER: u64 = 0x7fff_f000;
const SEEK_SET: i32 = 0;
const SEEK_CUR: i32 = 1;

/// Kind of a seq_file's text buffer: the kernel's own.
const BUFFER_KIND: &str = "seq_file buffer";

fn is_err(pointer: u64) -> bool {
    pointer > u64::MAX - 4096
}

fn get(addr: u64) -> u64 {
    or_oops(enter(|machine, _| machine.get_u64(addr)))
}

fn put(addr: u64, value: u64) {
    or_oops(enter(|machine, _| machine.put_u64(addr, value)));
}

/// The seq_file of a file.
fn seq_of(file: u64) -> u64 {
    get(file + file::PRIVATE)
}

fn attach(machine: &mut Machine, file: u64, ops: u64) -> Result<u64, Fault> {
    if machine.get_u64(file + file::PRIVATE)? != 0 {
        machine.warn_kernel("fs/seq_file.c", 61, "seq_open");
    }
    let at = machine.kernel.event_here();
    let Some(seq) = machine.arena.heap.alloc(STRUCT_SIZE, 16, true, "struct seq_file", at) else { return Ok(0) };
    machine.put_u64(file + file::PRIVATE, seq)?;
    machine.poke_u32(seq + LOCK, Magic::Mutex as u32);
    machine.poke_u64(seq + OPS, ops);
    machine.poke_u64(seq + FILE, file);
    let mode = machine.get_u32(file + file::MODE)?;
    machine.put_u32(file + file::MODE, mode & !fmode::PWRITE)?;
    Ok(seq)
}

fn detach(machine: &mut Machine, file: u64) -> Result<u64, Fault> {
    let seq = machine.get_u64(file + file::PRIVATE)?;
    let (buf, ops) = (machine.get_u64(seq + BUF)?, machine.get_u64(seq + OPS)?);
    machine.kernel_free(buf);
    machine.forget_lock(seq + LOCK, LockClass::Mutex);
    machine.release(seq, "seq_release", |_| true);
    Ok(ops)
}

/// `seq_open()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn seq_open(file: u64, ops: u64) -> i32 {
    might_sleep("seq_open");
    match or_oops(enter(|machine, _| attach(machine, file, ops))) {
        0 => -Errno::ENOMEM.0,
        _ => 0,
    }
}

/// `__seq_open_private()`: the private bytes, NULL without memory.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __seq_open_private(file: u64, ops: u64, size: i32) -> u64 {
    might_sleep("__seq_open_private");
    or_oops(enter(|machine, _| {
        let at = machine.kernel.event_here();
        let Some(private) = machine.arena.heap.alloc(size.max(0) as u64, 16, true, "kmalloc", at) else { return Ok(0) };
        let seq = attach(machine, file, ops)?;
        if seq == 0 {
            machine.kernel_free(private);
            return Ok(0);
        }
        machine.poke_u64(seq + PRIVATE, private);
        Ok(private)
    }))
}

/// `seq_open_private()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn seq_open_private(file: u64, ops: u64, size: i32) -> i32 {
    if __seq_open_private(file, ops, size) == 0 { -Errno::ENOMEM.0 } else { 0 }
}

/// The iterator of `single_open()`: one record.
extern "C" fn single_start(_seq: u64, pos: u64) -> u64 {
    if get(pos) == 0 { SEQ_START_TOKEN } else { 0 }
}

extern "C" fn single_next(_seq: u64, _record: u64, pos: u64) -> u64 {
    let next = get(pos) + 1;
    put(pos, next);
    0
}

extern "C" fn single_stop(_seq: u64, _record: u64) {}

fn single(machine: &mut Machine, file: u64, show: u64, data: u64) -> Result<u64, Fault> {
    let at = machine.kernel.event_here();
    let Some(ops) = machine.arena.heap.alloc(32, 16, true, "struct seq_operations", at) else { return Ok(0) };
    machine.poke_u64(ops + START, single_start as *const () as u64);
    machine.poke_u64(ops + STOP, single_stop as *const () as u64);
    machine.poke_u64(ops + NEXT, single_next as *const () as u64);
    machine.poke_u64(ops + SHOW, show);
    let seq = attach(machine, file, ops)?;
    if seq == 0 {
        machine.kernel_free(ops);
    } else {
        machine.poke_u64(seq + PRIVATE, data);
    }
    Ok(seq)
}

/// `single_open()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn single_open(file: u64, show: u64, data: u64) -> i32 {
    might_sleep("single_open");
    match or_oops(enter(|machine, _| single(machine, file, show, data))) {
        0 => -Errno::ENOMEM.0,
        _ => 0,
    }
}

/// `single_open_size()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn single_open_size(file: u64, show: u64, data: u64, size: u64) -> i32 {
    might_sleep("single_open_size");
    or_oops(enter(|machine, _| {
        let Some(buf) = (size <= MAX_BUFFER).then(|| machine.kernel_block(size, BUFFER_KIND)).flatten() else {
            return Ok(-Errno::ENOMEM.0);
        };
        let seq = single(machine, file, show, data)?;
        if seq == 0 {
            machine.kernel_free(buf);
            return Ok(-Errno::ENOMEM.0);
        }
        machine.poke_u64(seq + BUF, buf);
        machine.poke_u64(seq + SIZE, size);
        Ok(0)
    }))
}

/// `seq_release()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn seq_release(_inode: u64, file: u64) -> i32 {
    or_oops(enter(|machine, _| detach(machine, file)));
    0
}

/// `single_release()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn single_release(_inode: u64, file: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let ops = detach(machine, file)?;
        machine.release(ops, "single_release", |_| true);
        Ok(())
    }));
    0
}

/// `seq_release_private()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn seq_release_private(_inode: u64, file: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let seq = machine.get_u64(file + file::PRIVATE)?;
        let private = machine.get_u64(seq + PRIVATE)?;
        machine.release(private, "seq_release_private", |_| true);
        detach(machine, file).map(|_| ())
    }));
    0
}

/// The handle of `m->lock`.
fn lock_handle(machine: &mut Machine, seq: u64) -> Result<u32, Fault> {
    machine.handle(seq + LOCK, Magic::Mutex, "seq_read", |machine, _| {
        machine.kernel.locks.register_mutex(seq + LOCK, "&p->lock".into())
    })
}

fn lock(seq: u64) {
    or_oops(blocking(|machine, current, _| {
        let handle = lock_handle(machine, seq)?;
        machine.kernel.mutex_lock(current, handle, TASK_UNINTERRUPTIBLE)
    }));
}

fn unlock(seq: u64) {
    or_oops(enter(|machine, current| {
        let handle = lock_handle(machine, seq)?;
        machine.kernel.mutex_unlock(current, handle)
    }));
}

/// Gives the seq_file a buffer of `size` bytes instead of the one it has; false without memory.
fn buffer(seq: u64, size: u64) -> bool {
    or_oops(enter(|machine, _| {
        let old = machine.get_u64(seq + BUF)?;
        machine.kernel_free(old);
        let new = if size <= MAX_BUFFER { machine.kernel_block(size, BUFFER_KIND) } else { None };
        machine.put_u64(seq + BUF, new.unwrap_or(0))?;
        machine.put_u64(seq + SIZE, size)?;
        machine.put_u64(seq + COUNT, 0)?;
        Ok(new.is_some())
    }))
}

/// The functions of an iterator.
#[derive(Clone, Copy)]
struct Iterator {
    seq: u64,
    ops: u64,
}

impl Iterator {
    fn start(self) -> u64 {
        call3(word(self.ops + START), self.seq, self.seq + INDEX, 0)
    }

    fn next(self, record: u64) -> u64 {
        call3(word(self.ops + NEXT), self.seq, record, self.seq + INDEX)
    }

    fn show(self, record: u64) -> i32 {
        call3(word(self.ops + SHOW), self.seq, record, 0) as i32
    }

    fn stop(self, record: u64) {
        call3(word(self.ops + STOP), self.seq, record, 0);
    }
}

fn overflowed(seq: u64) -> bool {
    get(seq + COUNT) == get(seq + SIZE)
}

/// What a read has done and has left to do.
#[derive(Clone, Copy)]
struct Sink {
    /// User or kernel address of the rest of the buffer.
    to: u64,
    left: u64,
    copied: u64,
}

impl Sink {
    /// Copies `len` bytes at `from` out, as many as there is room for; how many.
    fn copy(&mut self, from: u64, len: u64) -> u64 {
        let len = len.min(self.left);
        if len == 0 || super::uaccess::_copy_to_user(self.to, from, len) != 0 {
            return 0;
        }
        self.to += len;
        self.left -= len;
        self.copied += len;
        len
    }
}

/// Prints again from the start until the text at `offset` stands in the buffer; 0 or a negative error.
fn traverse(seq: u64, offset: u64) -> i64 {
    loop {
        put(seq + INDEX, 0);
        put(seq + FROM, 0);
        put(seq + COUNT, 0);
        if offset == 0 {
            return 0;
        }
        if get(seq + BUF) == 0 && !buffer(seq, PAGE) {
            return Errno::ENOMEM.to_c();
        }
        let iterator = Iterator { seq, ops: get(seq + OPS) };
        let (mut pos, mut error, mut full) = (0, 0, false);
        let mut record = iterator.start();
        while record != 0 {
            if is_err(record) {
                error = record as i64;
                break;
            }
            let ret = iterator.show(record);
            if ret < 0 {
                error = i64::from(ret);
                break;
            }
            if ret > 0 {
                put(seq + COUNT, 0);
            }
            if overflowed(seq) {
                full = true;
                break;
            }
            record = iterator.next(record);
            let count = get(seq + COUNT);
            if pos + count > offset {
                put(seq + FROM, offset - pos);
                put(seq + COUNT, count - (offset - pos));
                break;
            }
            pos += count;
            put(seq + COUNT, 0);
            if pos == offset {
                break;
            }
        }
        iterator.stop(record);
        if !full {
            return error;
        }
        if !buffer(seq, get(seq + SIZE) << 1) {
            return Errno::ENOMEM.to_c();
        }
    }
}

/// The body of `seq_read()`, `m->lock` held: bytes copied, or a negative error.
fn read_locked(seq: u64, pos: &mut u64, sink: &mut Sink) -> i64 {
    if *pos == 0 {
        put(seq + INDEX, 0);
        put(seq + COUNT, 0);
    }
    if *pos != get(seq + READ_POS) {
        let error = traverse(seq, *pos);
        if error != 0 {
            put(seq + READ_POS, 0);
            put(seq + INDEX, 0);
            put(seq + COUNT, 0);
            return error;
        }
        put(seq + READ_POS, *pos);
    }
    if get(seq + BUF) == 0 && !buffer(seq, PAGE) {
        return Errno::ENOMEM.to_c();
    }
    // What an earlier read left in the buffer goes first.
    let waiting = get(seq + COUNT);
    if waiting > 0 {
        let from = get(seq + FROM);
        let done = sink.copy(get(seq + BUF) + from, waiting);
        put(seq + COUNT, waiting - done);
        put(seq + FROM, from + done);
        if waiting > done {
            return finish(seq, pos, sink, 0);
        }
    }
    put(seq + FROM, 0);
    let iterator = Iterator { seq, ops: get(seq + OPS) };
    let mut record = iterator.start();
    // A first record with text in it, in a buffer that is large enough.
    loop {
        if record == 0 || is_err(record) {
            let error = record as i64;
            iterator.stop(record);
            put(seq + COUNT, 0);
            return finish(seq, pos, sink, error);
        }
        let ret = iterator.show(record);
        if ret < 0 {
            iterator.stop(record);
            put(seq + COUNT, 0);
            return finish(seq, pos, sink, i64::from(ret));
        }
        if ret > 0 {
            put(seq + COUNT, 0);
        }
        if get(seq + COUNT) == 0 {
            record = iterator.next(record);
            continue;
        }
        if !overflowed(seq) {
            break;
        }
        iterator.stop(record);
        if !buffer(seq, get(seq + SIZE) << 1) {
            return finish(seq, pos, sink, Errno::ENOMEM.to_c());
        }
        record = iterator.start();
    }
    let mut error = 0;
    loop {
        let (before, index) = (get(seq + COUNT), get(seq + INDEX));
        record = iterator.next(record);
        if get(seq + INDEX) == index {
            let next = word(iterator.ops + NEXT);
            enter(|machine, _| {
                let name = machine.symbolic(next);
                let name = name.split('+').next().unwrap_or("").to_string();
                if machine.first_warning(intern(&format!("seq_file next {name}")), 0) {
                    machine.print(
                        Level::Info,
                        format!("seq_file: buggy .next function {name} did not update position index"),
                    );
                }
            });
            put(seq + INDEX, index + 1);
        }
        if record == 0 || is_err(record) {
            error = record as i64;
            break;
        }
        if before >= sink.left {
            break;
        }
        let ret = iterator.show(record);
        if ret > 0 {
            put(seq + COUNT, before);
        } else if ret < 0 || overflowed(seq) {
            error = i64::from(ret);
            put(seq + COUNT, before);
            break;
        }
    }
    iterator.stop(record);
    let count = get(seq + COUNT);
    let done = sink.copy(get(seq + BUF), count);
    put(seq + COUNT, count - done);
    put(seq + FROM, done);
    finish(seq, pos, sink, error)
}

fn finish(seq: u64, pos: &mut u64, sink: &Sink, error: i64) -> i64 {
    if sink.copied == 0 {
        return if get(seq + COUNT) != 0 { Errno::EFAULT.to_c() } else { error };
    }
    *pos += sink.copied;
    put(seq + READ_POS, get(seq + READ_POS) + sink.copied);
    sink.copied as i64
}

/// `seq_read()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn seq_read(file: u64, buf: u64, size: u64, ppos: u64) -> i64 {
    might_sleep("seq_read");
    if size == 0 {
        return 0;
    }
    let seq = seq_of(file);
    let mut pos = get(ppos);
    lock(seq);
    let ret = read_locked(seq, &mut pos, &mut Sink { to: buf, left: size, copied: 0 });
    unlock(seq);
    put(ppos, pos);
    ret
}

/// `seq_read_iter()`, for an iterator of one vector.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn seq_read_iter(kiocb: u64, iter: u64) -> i64 {
    might_sleep("seq_read_iter");
    let (file, left) = (get(kiocb), get(iter + 16));
    if left == 0 {
        return 0;
    }
    let offset = get(iter + 8);
    let buf = get(get(iter + 24)) + offset;
    let seq = seq_of(file);
    let mut pos = get(kiocb + 8);
    lock(seq);
    let ret = read_locked(seq, &mut pos, &mut Sink { to: buf, left, copied: 0 });
    unlock(seq);
    put(kiocb + 8, pos);
    if ret > 0 {
        put(iter + 8, offset + ret as u64);
        put(iter + 16, left - ret as u64);
    }
    ret
}

/// `seq_lseek()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn seq_lseek(file: u64, offset: i64, whence: i32) -> i64 {
    might_sleep("seq_lseek");
    let seq = seq_of(file);
    lock(seq);
    let wanted = match whence {
        SEEK_CUR => Some(offset.wrapping_add(get(file + file::POS) as i64)),
        SEEK_SET => Some(offset),
        _ => None,
    };
    let ret = match wanted {
        Some(pos) if pos >= 0 => {
            let moved = if pos as u64 == get(seq + READ_POS) { 0 } else { traverse(seq, pos as u64) };
            if moved == 0 {
                put(seq + READ_POS, pos as u64);
                put(file + file::POS, pos as u64);
                pos
            } else {
                put(file + file::POS, 0);
                put(seq + READ_POS, 0);
                put(seq + INDEX, 0);
                put(seq + COUNT, 0);
                moved
            }
        }
        _ => Errno::EINVAL.to_c(),
    };
    unlock(seq);
    ret
}

/// Appends a text; false (and the buffer counts as full) when it does not fit with one byte to spare.
fn append(machine: &mut Machine, seq: u64, text: &[u8]) -> Result<bool, Fault> {
    let (count, size) = (machine.get_u64(seq + COUNT)?, machine.get_u64(seq + SIZE)?);
    if count.saturating_add(text.len() as u64) < size {
        let buf = machine.get_u64(seq + BUF)?;
        machine.store(buf + count, text)?;
        machine.put_u64(seq + COUNT, count + text.len() as u64)?;
        return Ok(true);
    }
    machine.put_u64(seq + COUNT, size)?;
    Ok(false)
}

fn append_format(machine: &mut Machine, seq: u64, fmt: u64, args: &mut dyn Args) -> Result<(), Fault> {
    let (count, size) = (machine.get_u64(seq + COUNT)?, machine.get_u64(seq + SIZE)?);
    if count < size {
        let (text, length) = format(machine, fmt, args, (size - count) as usize);
        if count + (length as u64) < size {
            return append(machine, seq, &text).map(|_| ());
        }
    }
    machine.put_u64(seq + COUNT, size)
}

/// `seq_printf()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_printf(frame: &VaFrame) {
    or_oops(enter(|machine, _| append_format(machine, frame.regs[0], frame.regs[1], &mut VarArgs::after(frame, 2))));
}

/// `seq_vprintf()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_vprintf(seq: u64, fmt: u64, args: u64) {
    or_oops(enter(|machine, _| {
        let (count, size) = (machine.get_u64(seq + COUNT)?, machine.get_u64(seq + SIZE)?);
        let room = size.saturating_sub(count) as usize;
        let (mut text, mut length) = (Vec::new(), usize::MAX);
        if room > 0 {
            let env = super::printk::FormatEnv::new(machine);
            if let Ok(fmt) = machine.arena.read_cstr(fmt, 8192) {
                length = kloom_lib::vsprintf::vsnprintf(&mut text, room, &fmt, &mut VaList::at(machine, args), &env);
            }
        }
        if length < room { append(machine, seq, &text).map(|_| ()) } else { machine.put_u64(seq + COUNT, size) }
    }));
}

/// `seq_puts()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_puts(seq: u64, text: u64) {
    or_oops(enter(|machine, _| {
        let text = machine.text(text)?;
        append(machine, seq, &text).map(|_| ())
    }));
}

/// `seq_putc()`: fits up to the last byte.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_putc(seq: u64, c: u8) {
    or_oops(enter(|machine, _| put_char(machine, seq, c)));
}

fn put_char(machine: &mut Machine, seq: u64, c: u8) -> Result<(), Fault> {
    let (count, size) = (machine.get_u64(seq + COUNT)?, machine.get_u64(seq + SIZE)?);
    if count >= size {
        return Ok(());
    }
    let buf = machine.get_u64(seq + BUF)?;
    machine.store(buf + count, &[c])?;
    machine.put_u64(seq + COUNT, count + 1)
}

/// `seq_write()`: 0, or -1 when it does not fit.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_write(seq: u64, data: u64, len: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let size = machine.get_u64(seq + SIZE)?;
        if len >= size {
            machine.put_u64(seq + COUNT, size)?;
            return Ok(-1);
        }
        let bytes = machine.load(data, len)?;
        Ok(if append(machine, seq, &bytes)? { 0 } else { -1 })
    }))
}

fn put_number(seq: u64, delimiter: u64, number: i128) {
    or_oops(enter(|machine, _| {
        let mut text = if delimiter == 0 { Vec::new() } else { machine.text(delimiter)? };
        text.extend_from_slice(number.to_string().as_bytes());
        append(machine, seq, &text).map(|_| ())
    }));
}

/// `seq_put_decimal_ull()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_put_decimal_ull(seq: u64, delimiter: u64, number: u64) {
    put_number(seq, delimiter, i128::from(number));
}

/// `seq_put_decimal_ll()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_put_decimal_ll(seq: u64, delimiter: u64, number: i64) {
    put_number(seq, delimiter, i128::from(number));
}

/// `seq_escape()`: the bytes of `esc` as octal numbers.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_escape(seq: u64, text: u64, esc: u64) {
    or_oops(enter(|machine, _| {
        let (text, esc) = (machine.text(text)?, machine.text(esc)?);
        let escaped = string_escape_mem(&text, Escape::OCTAL, &esc);
        append(machine, seq, &escaped).map(|_| ())
    }));
}

/// `seq_pad()`: blanks up to the width of `seq_setwidth()`, then `c` if there is one.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_pad(seq: u64, c: u8) {
    or_oops(enter(|machine, _| {
        let (count, until, size) =
            (machine.get_u64(seq + COUNT)?, machine.get_u64(seq + PAD_UNTIL)?, machine.get_u64(seq + SIZE)?);
        if until > count {
            if until > size {
                return machine.put_u64(seq + COUNT, size);
            }
            let buf = machine.get_u64(seq + BUF)?;
            machine.fill(buf + count, b' ', until - count)?;
            machine.put_u64(seq + COUNT, until)?;
        }
        if c != 0 { put_char(machine, seq, c) } else { Ok(()) }
    }));
}

/// `seq_path()`: bytes appended, or -1 when they do not fit.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_path(seq: u64, path: u64, esc: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let dentry = machine.get_u64(path + 8)?;
        let path = machine.get_u64(dentry + dentry::PATH)?;
        let (path, esc) = (machine.text(path)?, machine.text(esc)?);
        let escaped = string_escape_mem(&path, Escape::OCTAL, &esc);
        Ok(if append(machine, seq, &escaped)? { escaped.len() as i32 } else { -1 })
    }))
}

/// `seq_hex_dump()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_hex_dump(
    seq: u64,
    prefix: u64,
    kind: i32,
    rowsize: i32,
    groupsize: i32,
    buf: u64,
    len: u64,
    ascii: bool,
) {
    or_oops(enter(|machine, _| {
        let prefix = machine.text(prefix)?;
        let bytes = machine.load(buf, len)?;
        let form = DumpForm { rowsize: rowsize as usize, groupsize: groupsize as usize, ascii };
        let row = if rowsize == 32 { 32 } else { 16 };
        for (index, line) in bytes.chunks(row).enumerate() {
            let offset = index * row;
            let mut text = prefix.clone();
            match kind {
                1 => text.extend(format!("{:016x}: ", buf + offset as u64).bytes()),
                2 => text.extend(format!("{offset:08x}: ").bytes()),
                _ => {}
            }
            text.extend(hex_dump_to_buffer(line, form, 32 * 3 + 2 + 32 + 1).0);
            text.push(b'\n');
            if !append(machine, seq, &text)? {
                break;
            }
        }
        Ok(())
    }));
}

/// Follows a list from `head`: the entry `pos` steps behind it.
fn list_at(machine: &mut Machine, head: u64, mut pos: i64) -> Result<u64, Fault> {
    let mut entry = machine.get_u64(head)?;
    while entry != head {
        if pos == 0 {
            return Ok(entry);
        }
        pos -= 1;
        entry = machine.get_u64(entry)?;
    }
    Ok(0)
}

/// `seq_list_start()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_list_start(head: u64, pos: i64) -> u64 {
    or_oops(enter(|machine, _| list_at(machine, head, pos)))
}

/// `seq_list_start_head()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_list_start_head(head: u64, pos: i64) -> u64 {
    if pos == 0 { head } else { seq_list_start(head, pos - 1) }
}

/// `seq_list_next()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_list_next(entry: u64, head: u64, ppos: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let next = machine.get_u64(entry)?;
        let pos = machine.get_u64(ppos)?;
        machine.put_u64(ppos, pos + 1)?;
        Ok(if next == head { 0 } else { next })
    }))
}

/// `seq_hlist_start()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_hlist_start(head: u64, mut pos: i64) -> u64 {
    or_oops(enter(|machine, _| {
        let mut node = machine.get_u64(head)?;
        while node != 0 && pos != 0 {
            pos -= 1;
            node = machine.get_u64(node)?;
        }
        Ok(node)
    }))
}

/// `seq_hlist_next()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn seq_hlist_next(node: u64, head: u64, ppos: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let pos = machine.get_u64(ppos)?;
        machine.put_u64(ppos, pos + 1)?;
        machine.get_u64(if node == SEQ_START_TOKEN { head } else { node })
    }))
}

crate::exports![
    plain: seq_open, __seq_open_private, seq_open_private, single_open, single_open_size, single_release, seq_release,
        seq_release_private, seq_read, seq_read_iter, seq_lseek, seq_vprintf, seq_puts, seq_putc, seq_write,
        seq_put_decimal_ull, seq_put_decimal_ll, seq_escape, seq_pad, seq_path, seq_hex_dump, seq_list_start,
        seq_list_start_head, seq_list_next, seq_hlist_start, seq_hlist_next;
    variadic: seq_printf;
    named:
];
