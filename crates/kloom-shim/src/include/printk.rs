//! C header: include/linux/printk.h.

use std::cell::RefCell;

use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;
use kloom_kernel::printk::Level;
use kloom_lib::vsprintf::{self, Args, Env, FormatWarning};
use kloom_lib::{BadAddress, vsprintf::Symbol};

use crate::Machine;
use crate::call::enter;
use crate::oops::After;

/// The variable arguments of a call, from a fixed one on.
pub(crate) struct VarArgs<'a> {
    frame: &'a VaFrame,
    next: usize,
}

impl VarArgs<'_> {
    pub(crate) fn after(frame: &VaFrame, fixed: usize) -> VarArgs<'_> {
        VarArgs { frame, next: fixed }
    }
}

impl Args for VarArgs<'_> {
    fn next(&mut self) -> u64 {
        let index = self.next;
        self.next += 1;
        match self.frame.regs.get(index) {
            Some(&value) => value,
            None if index >= MAX_VARARGS => 0,
            // SAFETY: the caller's frame lies above on the same stack; a format that asks for more arguments than
            // were passed reads other words of that stack, bounded so that it stays inside the slot.
            None => unsafe { *self.frame.overflow.add(index - self.frame.regs.len()) },
        }
    }
}

/// More arguments than any call has; bounds what a wrong format reads.
const MAX_VARARGS: usize = 64;

/// A C `va_list` (x86-64), as `vprintk()` and `%pV` get it.
pub(crate) struct VaList<'a> {
    machine: &'a Machine,
    gp_offset: u64,
    overflow: u64,
    save: u64,
    left: usize,
}

impl<'a> VaList<'a> {
    /// Reads the `va_list` at `addr`.
    pub(crate) fn at(machine: &'a Machine, addr: u64) -> VaList<'a> {
        VaList {
            machine,
            gp_offset: u64::from(machine.peek_u32(addr)),
            overflow: machine.peek_u64(addr + 8),
            save: machine.peek_u64(addr + 16),
            left: MAX_VARARGS,
        }
    }
}

impl Args for VaList<'_> {
    fn next(&mut self) -> u64 {
        if self.left == 0 {
            return 0;
        }
        self.left -= 1;
        let addr = if self.gp_offset < 48 {
            self.gp_offset += 8;
            self.save + self.gp_offset - 8
        } else {
            self.overflow += 8;
            self.overflow - 8
        };
        self.machine.peek_u64(addr)
    }
}

/// What a format may look at: guest memory through the arena's check.
pub(crate) struct FormatEnv<'a> {
    machine: &'a Machine,
    pub(crate) warnings: RefCell<Vec<String>>,
    /// Where an argument points to memory that was freed or lies beyond its block.
    unreadable: RefCell<Vec<u64>>,
}

impl<'a> FormatEnv<'a> {
    pub(crate) fn new(machine: &'a Machine) -> FormatEnv<'a> {
        FormatEnv { machine, warnings: RefCell::default(), unreadable: RefCell::default() }
    }

    /// What is to be reported when the machine may be changed again.
    pub(crate) fn complaints(self) -> Complaints {
        Complaints { warnings: self.warnings.into_inner(), unreadable: self.unreadable.into_inner() }
    }
}

/// What is wrong with a format and its arguments.
pub(crate) struct Complaints {
    warnings: Vec<String>,
    unreadable: Vec<u64>,
}

impl Complaints {
    /// Reports all of it. Memory that was freed, or that lies beyond a block, is told as any other access to it would be.
    pub(crate) fn report(self, machine: &mut Machine, format: impl Fn(&Machine) -> String) {
        for addr in self.unreadable {
            // Only accesses that can go on are here, so there is nothing to die of.
            let _ = machine.check_access(addr, 1, false);
        }
        for text in self.warnings {
            let format = format(machine);
            machine.report_once(Fault::BadFormat { text, format });
        }
    }
}

impl Env for FormatEnv<'_> {
    fn read(&self, addr: u64, out: &mut [u8]) -> Result<(), BadAddress> {
        self.machine.arena.read(addr, out).map_err(|_| BadAddress { addr })
    }

    fn read_cstr(&self, addr: u64, max: usize, out: &mut Vec<u8>) -> Result<(), BadAddress> {
        out.extend(self.machine.arena.read_cstr(addr, max).map_err(|(addr, _)| BadAddress { addr })?);
        Ok(())
    }

    fn hash_pointer(&self, addr: u64) -> u64 {
        // Deterministic, one to one enough, and unlike the address: what the real hash gives, without its secret.
        let mixed = (addr ^ 0x6b6c_6f6f_6d6b_6c6f).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 32)) & 0xffff_ffff
    }

    fn symbol(&self, addr: u64) -> Option<Symbol> {
        // To a module, a function of the kernel is its thunk.
        if let Some((_, image)) = self.machine.module_of(addr)
            && let Some((name, offset)) = image.thunk_at(addr)
        {
            return Some(Symbol { name: name.to_string(), offset, size: 0, module: None, build_id: None });
        }
        let (_, module, section, offset) = self.machine.locate(addr)?;
        let symbolizer = module.symbolizer();
        let symbol = symbolizer.resolve(section, offset)?;
        Some(Symbol {
            name: symbol.name.to_string(),
            offset: symbol.offset,
            size: symbol.size,
            module: module.name().map(str::to_string),
            build_id: None,
        })
    }

    fn va_format(&self, addr: u64) -> Option<vsprintf::VaFormat<'_>> {
        let fmt = self.machine.arena.read_u64(addr).ok()?;
        let list = self.machine.arena.read_u64(addr + 8).ok()?;
        let fmt = self.machine.arena.read_cstr(fmt, 4096).ok()?;
        Some(vsprintf::VaFormat { fmt, args: Box::new(VaList::at(self.machine, list)) })
    }

    fn warn(&self, warning: FormatWarning) {
        if let FormatWarning::BadPointer { addr, .. } = warning
            && let Err(bad) = self.machine.arena.check_range(addr, 1, false)
            && self.machine.access_fault(bad, addr, 1, false, 0).1 == After::GoOn
        {
            return self.unreadable.borrow_mut().push(addr);
        }
        self.warnings.borrow_mut().push(warning.to_string());
    }
}

/// Formats into a fresh buffer of at most `size` bytes; the untruncated length too. Warnings become reports.
pub(crate) fn format(machine: &mut Machine, fmt: u64, args: &mut dyn Args, size: usize) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    let mut length = 0;
    let complaints = {
        let env = FormatEnv::new(machine);
        match machine.arena.read_cstr(fmt, 8192) {
            Ok(fmt) => length = vsprintf::vsnprintf(&mut out, size, &fmt, args, &env),
            Err(_) => env.warnings.borrow_mut().push("the format string itself cannot be read".to_string()),
        }
        env.complaints()
    };
    complaints.report(machine, |machine| machine.text_or_empty(fmt));
    (out, length)
}

/// As `format`, for a text no longer than one kernel name or path.
pub(crate) fn format_short(machine: &mut Machine, fmt: u64, args: &mut dyn Args) -> Vec<u8> {
    format(machine, fmt, args, 4096).0
}

/// `_printk()`: formats a record into the log. Returns its length.
///
/// # Context
/// Any; no scheduling point.
pub(crate) extern "C" fn _printk(frame: &VaFrame) -> i32 {
    enter(|machine, _| log(machine, frame.regs[0], &mut VarArgs::after(frame, 1)))
}

/// `vprintk()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn vprintk(fmt: u64, args: u64) -> i32 {
    enter(|machine, _| {
        let (text, _) = {
            let mut out = Vec::new();
            let env = FormatEnv::new(machine);
            let mut list = VaList::at(machine, args);
            if let Ok(fmt) = machine.arena.read_cstr(fmt, 8192) {
                vsprintf::vsnprintf(&mut out, MAX_LINE, &fmt, &mut list, &env);
            }
            (out, 0)
        };
        log_text(machine, &text)
    })
}

const MAX_LINE: usize = kloom_kernel::printk::LINE_MAX;

fn log(machine: &mut Machine, fmt: u64, args: &mut dyn Args) -> i32 {
    let (text, _) = format(machine, fmt, args, MAX_LINE);
    log_text(machine, &text)
}

/// Adds an already formatted text with its level prefix to the log.
pub(crate) fn log_text(machine: &mut Machine, text: &[u8]) -> i32 {
    let (prefix, rest) = vsprintf::printk_level(text);
    let ends = rest.last() == Some(&b'\n');
    let body = if ends { &rest[..rest.len() - 1] } else { rest };
    let level = prefix.level.and_then(|level| Level::from_digit(level as u8));
    machine.kernel.printk_bytes(level, prefix.cont, body, ends);
    // Seen on 6.1: what was stored, without the final newline.
    body.len() as i32
}

/// `dump_stack()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn dump_stack() {
    enter(|machine, _| machine.print_stack());
}

/// `dump_stack_lvl()`: the level is ignored.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_dump_stack_lvl(_level: u64) {
    dump_stack();
}

/// `stack_trace_save()`: return addresses in module code, the innermost first; how many.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn stack_trace_save(store: u64, size: u32, skip: u32) -> u32 {
    crate::oops::or_oops(enter(|machine, _| {
        let ips: Vec<u64> = machine.kernel.here.ips().skip(skip as usize).take(size as usize).collect();
        let bytes: Vec<u8> = ips.iter().flat_map(|ip| ip.to_le_bytes()).collect();
        machine.store(store, &bytes)?;
        Ok(ips.len() as u32)
    }))
}

/// `stack_trace_print()`: a line each, `spaces` and one more blank in front.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn stack_trace_print(trace: u64, count: u32, spaces: i32) {
    crate::oops::or_oops(enter(|machine, _| {
        for index in 0..u64::from(count) {
            let ip = machine.get_u64(trace + index * 8)?;
            let indent = " ".repeat(spaces.clamp(0, 80) as usize + 1);
            let line = format!("{indent}{}", machine.symbolic(ip));
            machine.print(kloom_kernel::printk::Level::Warning, line);
        }
        Ok(())
    }));
}

crate::exports![
    plain: vprintk, dump_stack, kloom_dump_stack_lvl, stack_trace_save, stack_trace_print;
    variadic: _printk;
    named:
];
