//! printk's format language.
//!
//! C header: include/linux/sprintf.h, include/linux/kernel.h. Behaviour follows Linux 6.1 lib/vsprintf.c and
//! Documentation/core-api/printk-formats.rst. [`vsnprintf`] walks a format; what it needs to know comes from
//! [`Args`] (the arguments) and [`Env`] (guest memory, symbols, policy). `decode` reads a conversion, `number` prints
//! integers, `output` is the bounded buffer, `pointer` dispatches the `%p` extensions to `address`, `bits`, `resource`
//! and `time`.
//!
//! What differs from a real machine, each where Linux would crash or leak:
//! - a pointer that cannot be read prints `(efault)` and is reported, also where Linux checks only for small and error
//!   pointers and would fault;
//! - `%pV` inside `%pV` is limited in depth and number ([`VA_FORMAT_DEPTH_MAX`], [`VA_FORMAT_COUNT_MAX`]);
//! - `%pGp` prints the page flags as one number, `%pOF` and `%pfw` answer as a kernel without device trees does.

mod address;
mod bits;
mod decode;
mod number;
mod output;
mod pointer;
mod printk;
mod resource;
mod time;

use std::fmt;

use crate::BadAddress;
use decode::{Conversion, Spec, decode};
use output::Output;

pub use number::num_to_str;
pub use printk::{Level, PrintkPrefix, printk_level};

/// How deep a `%pV` may stand inside others.
pub const VA_FORMAT_DEPTH_MAX: u32 = 8;
/// How many `%pV` one call may expand.
pub const VA_FORMAT_COUNT_MAX: u32 = 64;
/// The size of a page: addresses below it are never valid.
const PAGE_SIZE: u64 = 4096;
/// The highest error number an error pointer can hold.
const MAX_ERRNO: u64 = 4095;

/// The variable arguments of a call.
pub trait Args {
    /// Takes the next 8-byte slot. The format truncates or sign-extends narrower types itself. A source that has
    /// run out answers anything; a real one would read what lies behind.
    fn next(&mut self) -> u64;
}

/// Arguments from a slice; zeros when it has run out.
#[derive(Debug, Clone)]
pub struct SliceArgs<'a> {
    rest: std::slice::Iter<'a, u64>,
}

impl<'a> SliceArgs<'a> {
    /// The slots in order.
    #[must_use]
    pub fn new(slots: &'a [u64]) -> Self {
        SliceArgs { rest: slots.iter() }
    }
}

impl Args for SliceArgs<'_> {
    fn next(&mut self) -> u64 {
        self.rest.next().copied().unwrap_or(0)
    }
}

/// Where an address lies, for `%pS` and its kin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// The function or object.
    pub name: String,
    /// Bytes from its start.
    pub offset: u64,
    /// Its size in bytes.
    pub size: u64,
    /// The module it belongs to; `None` in the kernel itself.
    pub module: Option<String>,
    /// The module's build id, for `%pSb` and `%pBb`.
    pub build_id: Option<Vec<u8>>,
}

/// What `%pK` shows: the sysctl `kptr_restrict` together with who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KptrRestrict {
    /// 0: hashed, as plain `%p`.
    Hashed,
    /// 1, and the caller has `CAP_SYSLOG` under its own identity: the address.
    Shown,
    /// 1, but in interrupt context where there is nobody to ask: `pK-error`.
    InInterrupt,
    /// 1 without the capability, or 2: zeros.
    Zeroed,
}

/// Kernel objects that have a name to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectName {
    /// `%pd`, `%pd2` … : the last `components` parts of a `struct dentry`'s path.
    Dentry {
        /// 1 to 4.
        components: u8,
    },
    /// `%pD` …: the same for a `struct file`.
    File {
        /// 1 to 4.
        components: u8,
    },
    /// `%pg`: a `struct block_device`.
    BlockDevice,
    /// `%pC`: a `struct clk`.
    Clock,
}

/// A `struct va_format`: a format and its arguments, for `%pV`.
pub struct VaFormat<'a> {
    /// The format string.
    pub fmt: Vec<u8>,
    /// Its arguments: a copy, so that the caller's list does not move.
    pub args: Box<dyn Args + 'a>,
}

/// What is wrong with a format or an argument. [`fmt::Display`] gives the text of Linux's warning where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatWarning {
    /// A conversion Linux does not know, `%n` included (0: the format ends inside it). Formatting stops there.
    UnsupportedConversion(u8),
    /// A `*` width that does not fit 24 bits; it was clamped.
    WidthTooLarge(i32),
    /// A `*` precision that does not fit 16 bits; it was clamped.
    PrecisionTooLarge(i32),
    /// A pointer that passes Linux's own check but cannot be read: a real kernel faults here.
    BadPointer {
        /// What follows the `%`: `s`, or the letter after `%p`.
        conversion: u8,
        /// The first byte out of reach.
        addr: u64,
    },
    /// `%pV` too deep or too often: a `va_format` that contains itself. A real kernel overruns its stack.
    VaFormatLoop,
    /// `%pA`, which only Rust code may use.
    RustOnly,
    /// A buffer size above `INT_MAX`; nothing is formatted.
    SizeTooLarge(usize),
}

impl fmt::Display for FormatWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormatWarning::UnsupportedConversion(c) => {
                write!(f, "Please remove unsupported %{} in format string", char::from(*c))
            }
            FormatWarning::WidthTooLarge(width) => write!(f, "field width {width} too large"),
            FormatWarning::PrecisionTooLarge(precision) => {
                write!(f, "precision {precision} too large")
            }
            FormatWarning::BadPointer { conversion, addr } => {
                write!(f, "bad address {addr:#018x} in %{}", char::from(*conversion))
            }
            FormatWarning::VaFormatLoop => write!(f, "%pV nested too deep"),
            FormatWarning::RustOnly => write!(f, "Please remove %pA from non-Rust code"),
            FormatWarning::SizeTooLarge(size) => write!(f, "buffer size {size} too large"),
        }
    }
}

/// The memory and the kernel knowledge a format may need.
pub trait Env {
    /// Reads guest memory.
    ///
    /// # Errors
    /// [`BadAddress`] when not all of it can be read.
    fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), BadAddress>;

    /// Appends the bytes from `addr` up to a NUL (which is not appended), at most `max` of them.
    ///
    /// # Errors
    /// [`BadAddress`] when neither NUL nor `max` is reached before memory ends; `out` may have grown.
    fn read_cstr(&self, addr: u64, max: usize, out: &mut Vec<u8>) -> Result<(), BadAddress> {
        for offset in 0..max as u64 {
            let mut byte = [0];
            self.read(addr.wrapping_add(offset), &mut byte)?;
            if byte[0] == 0 {
                break;
            }
            out.push(byte[0]);
        }
        Ok(())
    }

    /// What lies at `addr`; `None` prints the bare address.
    fn symbol(&self, addr: u64) -> Option<Symbol> {
        let _ = addr;
        None
    }

    /// What `%p` prints for a real address; Linux keeps to 32 bits. Null and error pointers are never hashed.
    fn hash_pointer(&self, addr: u64) -> u64;

    /// What `%pK` shows now.
    fn kptr_restrict(&self) -> KptrRestrict {
        KptrRestrict::Hashed
    }

    /// The `struct va_format` at `addr`; `None` when it cannot be read.
    fn va_format(&self, addr: u64) -> Option<VaFormat<'_>> {
        let _ = addr;
        None
    }

    /// The name of the object at `addr`; `None` when there is no such object.
    fn object_name(&self, kind: ObjectName, addr: u64) -> Option<Vec<u8>> {
        let _ = (kind, addr);
        None
    }

    /// Takes note of something wrong. Linux warns once per place; this is called each time.
    fn warn(&self, warning: FormatWarning) {
        let _ = warning;
    }
}

/// Formats as Linux's `vsnprintf(buf, size, fmt, args)` and returns the length the whole text has.
///
/// Appends to `out` what the buffer would hold before its NUL: at most `size - 1` bytes. The format ends at its first
/// NUL. The text can be longer than `INT_MAX`; Linux's `int` would wrap.
pub fn vsnprintf(out: &mut Vec<u8>, size: usize, fmt: &[u8], args: &mut dyn Args, env: &dyn Env) -> usize {
    if size > i32::MAX as usize {
        env.warn(FormatWarning::SizeTooLarge(size));
        return 0;
    }
    let mut printer = Printer { out: Output::new(out, size.saturating_sub(1)), env, va_formats: 0, va_depth: 0 };
    printer.format(fmt, args);
    printer.out.len()
}

/// Formats as Linux's `vscnprintf`: as [`vsnprintf`], but returns the number of bytes written.
pub fn vscnprintf(out: &mut Vec<u8>, size: usize, fmt: &[u8], args: &mut dyn Args, env: &dyn Env) -> usize {
    vsnprintf(out, size, fmt, args, env).min(size.saturating_sub(1))
}

/// Whether an address is an error pointer.
fn is_err(addr: u64) -> bool {
    addr >= MAX_ERRNO.wrapping_neg()
}

/// One call of [`vsnprintf`] under way.
struct Printer<'a> {
    out: Output<'a>,
    env: &'a dyn Env,
    va_formats: u32,
    va_depth: u32,
}

impl Printer<'_> {
    fn format(&mut self, fmt: &[u8], args: &mut dyn Args) {
        let mut rest = crate::c_str(fmt);
        while !rest.is_empty() {
            let text = rest.iter().position(|&c| c == b'%').unwrap_or(rest.len());
            self.out.bytes(&rest[..text]);
            rest = &rest[text..];
            if rest.is_empty() {
                break;
            }
            let (conversion, spec, used) = decode(rest, args, self.env);
            rest = &rest[used..];
            match conversion {
                Conversion::Integer(kind) => {
                    let num = kind.value(args.next(), spec);
                    self.out.number(num, spec);
                }
                Conversion::Str => self.guest_string(args.next(), spec, b's'),
                Conversion::Char => self.character(args.next() as u8, spec),
                Conversion::Percent => self.out.byte(b'%'),
                Conversion::Pointer => {
                    self.pointer(rest, args.next(), spec);
                    let suffix = rest.iter().position(|&c| !crate::ctype::isalnum(c));
                    rest = &rest[suffix.unwrap_or(rest.len())..];
                }
                Conversion::Stop => break,
            }
        }
    }

    /// `%c`. A NUL is printed as such: it ends the string for whoever reads it as C.
    fn character(&mut self, c: u8, spec: Spec) {
        let pad = usize::try_from(spec.width - 1).unwrap_or(0);
        if !spec.has(Spec::LEFT) {
            self.out.fill(b' ', pad);
        }
        self.out.byte(c);
        if spec.has(Spec::LEFT) {
            self.out.fill(b' ', pad);
        }
    }

    /// A NUL-terminated string in guest memory.
    fn guest_string(&mut self, addr: u64, spec: Spec, conversion: u8) {
        if !self.check_pointer(addr, spec) {
            return;
        }
        let max = usize::try_from(spec.precision).unwrap_or(i32::MAX as usize);
        let mut text = Vec::new();
        match self.env.read_cstr(addr, max, &mut text) {
            Ok(()) => self.out.string(&text, spec),
            Err(bad) => self.bad_pointer(bad, spec, conversion),
        }
    }

    /// Linux's check of a pointer: prints `(null)` or `(efault)` and answers false when it is hopeless.
    fn check_pointer(&mut self, addr: u64, spec: Spec) -> bool {
        if addr == 0 {
            self.error_string(b"(null)", spec);
        } else if addr < PAGE_SIZE || is_err(addr) {
            self.error_string(b"(efault)", spec);
        } else {
            return true;
        }
        false
    }

    fn bad_pointer(&mut self, bad: BadAddress, spec: Spec, conversion: u8) {
        self.env.warn(FormatWarning::BadPointer { conversion, addr: bad.addr });
        self.error_string(b"(efault)", spec);
    }

    /// Prints an error message in place of a value; without a precision it is cut at 16 bytes.
    fn error_string(&mut self, text: &[u8], spec: Spec) {
        let precision = if spec.precision == -1 { 16 } else { spec.precision };
        self.out.string(text, Spec { precision, ..spec });
    }

    /// Checks and reads a fixed number of bytes; on failure prints what Linux would and answers `None`.
    fn fetch<const N: usize>(&mut self, addr: u64, spec: Spec, conversion: u8) -> Option<[u8; N]> {
        if !self.check_pointer(addr, spec) {
            return None;
        }
        let mut bytes = [0; N];
        match self.env.read(addr, &mut bytes) {
            Ok(()) => Some(bytes),
            Err(bad) => {
                self.bad_pointer(bad, spec, conversion);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
