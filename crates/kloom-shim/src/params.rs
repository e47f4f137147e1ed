//! Module parameters: what `insmod m.ko name=value` does, and the text a parameter reads as.
//!
//! C header: include/linux/moduleparam.h. Behaviour and messages follow Linux 6.1 kernel/params.c and
//! kernel/module/main.c. The kernel's own types are handled here, found by the address of their operations; a module's
//! own operations are called, so a parse is driven step by step ([`Params::step`]) from the coroutine of insmod.

use kloom_abi::Errno;
use kloom_guest::arena::Arena;
use kloom_kernel::fault::Fault;
use kloom_kernel::printk::Level;
use kloom_lib::{cmdline, kstrtox};

use crate::Machine;
use crate::call::{call1, call3, enter};
use crate::export::KernelData;
use crate::include::moduleparam;
use crate::memory::intern;
use crate::oops::or_oops;

/// Bytes of a `struct kernel_param`.
pub const KERNEL_PARAM_SIZE: u64 = 40;

/// Offsets in `struct kernel_param`.
mod kp {
    pub(super) const NAME: u64 = 0;
    pub(super) const OPS: u64 = 16;
    pub(super) const PERM: u64 = 24;
    pub(super) const FLAGS: u64 = 27;
    pub(super) const ARG: u64 = 32;
}

/// Offsets in `struct kernel_param_ops`.
mod ops {
    pub(super) const FLAGS: u64 = 0;
    pub(super) const SET: u64 = 8;
    pub(super) const FREE: u64 = 24;
    /// `KERNEL_PARAM_OPS_FL_NOARG`: a name without a value is fine.
    pub(super) const NOARG: u32 = 1;
}

/// `KERNEL_PARAM_FL_UNSAFE`.
const UNSAFE: u8 = 1;
/// Longest text of a `charp`.
const CHARP_MAX: usize = 1024;
/// A sysfs file is a page.
const PAGE: usize = 4096;

/// The types the kernel knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the C types")]
pub enum ParamKind {
    Byte,
    Short,
    Ushort,
    Int,
    Uint,
    Long,
    Ulong,
    Ullong,
    Hexint,
    Charp,
    Bool,
    BoolEnableOnly,
    Invbool,
    Bint,
    String,
    Array,
}

/// Name of the operations' variable, type, flags.
const OPS: [(&str, ParamKind, u32); 16] = [
    ("param_ops_byte", ParamKind::Byte, 0),
    ("param_ops_short", ParamKind::Short, 0),
    ("param_ops_ushort", ParamKind::Ushort, 0),
    ("param_ops_int", ParamKind::Int, 0),
    ("param_ops_uint", ParamKind::Uint, 0),
    ("param_ops_long", ParamKind::Long, 0),
    ("param_ops_ulong", ParamKind::Ulong, 0),
    ("param_ops_ullong", ParamKind::Ullong, 0),
    ("param_ops_hexint", ParamKind::Hexint, 0),
    ("param_ops_charp", ParamKind::Charp, 0),
    ("param_ops_bool", ParamKind::Bool, ops::NOARG),
    ("param_ops_bool_enable_only", ParamKind::BoolEnableOnly, ops::NOARG),
    ("param_ops_invbool", ParamKind::Invbool, 0),
    ("param_ops_bint", ParamKind::Bint, ops::NOARG),
    ("param_ops_string", ParamKind::String, 0),
    ("param_array_ops", ParamKind::Array, 0),
];

/// Makes the exported operations.
pub(crate) fn add_ops(data: &mut KernelData, arena: &mut Arena) {
    for (name, kind, flags) in OPS {
        let (set, get) = moduleparam::functions(kind);
        let free = if kind == ParamKind::Charp { moduleparam::param_free_charp as *const () as u64 } else { 0 };
        let words = [u64::from(flags), set, get, free];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        data.add(arena, name, &bytes);
    }
}

impl Machine {
    /// The kernel's own type behind an operations pointer; None for a module's own.
    fn param_kind(&self, ops: u64) -> Option<ParamKind> {
        let name = self.kdata.name_of(ops)?;
        OPS.iter().find(|(known, ..)| *known == name).map(|(_, kind, _)| *kind)
    }

    /// Parses `val` into the variable at `arg`: 0 or `-errno`. `name` is for messages.
    ///
    /// # Errors
    /// The fault to oops with.
    pub(crate) fn param_set(
        &mut self,
        kind: ParamKind,
        name: &str,
        val: Option<&[u8]>,
        arg: u64,
    ) -> Result<i32, Fault> {
        macro_rules! number {
            ($parser:ident) => {
                match kstrtox::$parser(val.unwrap_or_default(), 0) {
                    Ok(value) => self.store(arg, &value.to_le_bytes()).map(|()| 0),
                    Err(error) => Ok(-error.errno()),
                }
            };
        }
        let flag = kstrtox::kstrtobool(val.unwrap_or(b"1"));
        let invalid = -Errno::EINVAL.0;
        match kind {
            ParamKind::Byte => number!(kstrtou8),
            ParamKind::Short => number!(kstrtos16),
            ParamKind::Ushort => number!(kstrtou16),
            ParamKind::Int => number!(kstrtoint),
            ParamKind::Uint | ParamKind::Hexint => number!(kstrtouint),
            ParamKind::Long => number!(kstrtol),
            ParamKind::Ulong => number!(kstrtoul),
            ParamKind::Ullong => number!(kstrtoull),
            ParamKind::Bool => flag.map_or(Ok(invalid), |value| self.store(arg, &[u8::from(value)]).map(|()| 0)),
            ParamKind::Invbool => flag.map_or(Ok(invalid), |value| self.store(arg, &[u8::from(!value)]).map(|()| 0)),
            ParamKind::Bint => {
                flag.map_or(Ok(invalid), |value| self.store(arg, &i32::from(value).to_le_bytes()).map(|()| 0))
            }
            ParamKind::BoolEnableOnly => {
                let Ok(value) = flag else { return Ok(invalid) };
                let old = self.load(arg, 1)?[0] != 0;
                if !value && old {
                    return Ok(-Errno::EROFS.0);
                }
                if value {
                    self.store(arg, &[1])?;
                }
                Ok(0)
            }
            ParamKind::Charp => self.set_charp(name, val.unwrap_or_default(), arg),
            ParamKind::String => self.set_string(name, val.unwrap_or_default(), arg),
            ParamKind::Array => self.set_array(name, val.unwrap_or_default(), arg),
        }
    }

    fn set_charp(&mut self, name: &str, val: &[u8], arg: u64) -> Result<i32, Fault> {
        if val.len() > CHARP_MAX {
            self.print(Level::Err, format!("{name}: string parameter too long"));
            return Ok(-Errno::ENOSPC.0);
        }
        self.check_access(arg, 8, true)?;
        self.free_param_string(arg);
        let at = self.kernel.event_here();
        let Some(copy) = self.arena.heap.alloc(val.len() as u64 + 1, 16, true, "module parameters", at) else {
            return Ok(-Errno::ENOMEM.0);
        };
        self.store_cstr(copy, val)?;
        self.mem.param_strings.insert(copy);
        self.poke_u64(arg, copy);
        Ok(0)
    }

    /// Frees the text a `charp` has if the kernel made it (`maybe_kfree_parameter()`).
    pub(crate) fn free_param_string(&mut self, arg: u64) {
        let text = self.peek_u64(arg);
        if self.mem.param_strings.remove(&text) {
            let at = self.kernel.event_here();
            let _ = self.arena.heap.free(text, at);
        }
    }

    fn set_string(&mut self, name: &str, val: &[u8], arg: u64) -> Result<i32, Fault> {
        self.check_access(arg, 16, false)?;
        let (max, buffer) = (self.peek_u32(arg), self.peek_u64(arg + 8));
        if val.len() as u64 + 1 > u64::from(max) {
            self.print(Level::Err, format!("{name}: string doesn't fit in {} chars.", max.wrapping_sub(1)));
            return Ok(-Errno::ENOSPC.0);
        }
        self.store_cstr(buffer, val).map(|()| 0)
    }

    /// `struct kparam_array` at `arg`: most elements, bytes of one, where their number goes, type, first element.
    fn array_at(&mut self, arg: u64) -> Result<(u32, u64, u64, Option<ParamKind>, u64), Fault> {
        self.check_access(arg, 32, false)?;
        let (max, size, num) = (self.peek_u32(arg), u64::from(self.peek_u32(arg + 4)), self.peek_u64(arg + 8));
        let kind = self.param_kind(self.peek_u64(arg + 16)).filter(|kind| *kind != ParamKind::Array);
        Ok((max, size, num, kind, self.peek_u64(arg + 24)))
    }

    fn set_array(&mut self, name: &str, val: &[u8], arg: u64) -> Result<i32, Fault> {
        let (max, size, num, kind, elem) = self.array_at(arg)?;
        // Elements of a type of the module's own would need calls from here; none has been seen.
        let Some(kind) = kind else { return Ok(-Errno::EINVAL.0) };
        let mut count = 0;
        let mut result = 0;
        for word in val.split(|&byte| byte == b',') {
            if count == max {
                self.print(Level::Err, format!("{name}: can only take {max} arguments"));
                result = -Errno::EINVAL.0;
                break;
            }
            result = self.param_set(kind, name, Some(word), elem + u64::from(count) * size)?;
            if result != 0 {
                break;
            }
            count += 1;
        }
        if num != 0 {
            self.store(num, &count.to_le_bytes())?;
        }
        Ok(result)
    }

    /// What reading the variable at `arg` gives, with its newline.
    ///
    /// # Errors
    /// The fault to oops with.
    pub(crate) fn param_get(&mut self, kind: ParamKind, arg: u64) -> Result<Vec<u8>, Fault> {
        macro_rules! number {
            ($ty:ty, $format:literal) => {{
                let bytes = self.load(arg, size_of::<$ty>() as u64)?;
                let mut value = [0; size_of::<$ty>()];
                value.copy_from_slice(&bytes);
                Ok(format!($format, <$ty>::from_le_bytes(value)).into_bytes())
            }};
        }
        let letter = |set: bool| Ok(if set { b"Y\n".to_vec() } else { b"N\n".to_vec() });
        match kind {
            ParamKind::Byte => number!(u8, "{}\n"),
            ParamKind::Short => number!(i16, "{}\n"),
            ParamKind::Ushort => number!(u16, "{}\n"),
            ParamKind::Int | ParamKind::Bint => number!(i32, "{}\n"),
            ParamKind::Uint => number!(u32, "{}\n"),
            ParamKind::Long => number!(i64, "{}\n"),
            ParamKind::Ulong | ParamKind::Ullong => number!(u64, "{}\n"),
            ParamKind::Hexint => {
                let bytes = self.load(arg, 4)?;
                let value = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                // `%#08x` puts no prefix in front of zero.
                Ok(if value == 0 { b"00000000\n".to_vec() } else { format!("{value:#08x}\n").into_bytes() })
            }
            ParamKind::Bool | ParamKind::BoolEnableOnly => letter(self.load(arg, 1)?[0] != 0),
            ParamKind::Invbool => letter(self.load(arg, 1)?[0] == 0),
            ParamKind::Charp => {
                self.check_access(arg, 8, false)?;
                let text = self.peek_u64(arg);
                let mut out = if text == 0 { b"(null)".to_vec() } else { self.cstr(text, PAGE as u64 - 2)? };
                out.push(b'\n');
                Ok(out)
            }
            ParamKind::String => {
                self.check_access(arg, 16, false)?;
                let buffer = self.peek_u64(arg + 8);
                let mut out = self.cstr(buffer, PAGE as u64 - 2)?;
                out.push(b'\n');
                Ok(out)
            }
            ParamKind::Array => {
                let (max, size, num, kind, elem) = self.array_at(arg)?;
                let Some(kind) = kind else { return Ok(Vec::new()) };
                let count = if num == 0 { max } else { self.peek_u32(num).min(max) };
                let mut out = Vec::new();
                for index in 0..count {
                    if let Some(last) = out.last_mut() {
                        *last = b',';
                    }
                    out.extend(self.param_get(kind, elem + u64::from(index) * size)?);
                }
                Ok(out)
            }
        }
    }

    /// What a `struct kernel_param` says.
    ///
    /// # Errors
    /// The fault to oops with.
    pub fn param_at(&mut self, addr: u64) -> Result<Param, Fault> {
        self.check_access(addr, KERNEL_PARAM_SIZE, false)?;
        let name = self.peek_u64(addr + kp::NAME);
        let name = String::from_utf8_lossy(&self.text(name)?).into_owned();
        let ops = self.peek_u64(addr + kp::OPS);
        let word = self.peek_u32(addr + kp::PERM);
        let kind = self.param_kind(ops);
        Ok(Param { addr, name, ops, kind, mode: word & 0xffff, arg: self.peek_u64(addr + kp::ARG) })
    }

    /// The parameters of a module's table, in order.
    ///
    /// # Errors
    /// The fault to oops with.
    pub fn params_of(&mut self, table: u64, count: u32) -> Result<Vec<Param>, Fault> {
        (0..u64::from(count)).map(|index| self.param_at(table + index * KERNEL_PARAM_SIZE)).collect()
    }

    /// What /sys shows for a parameter of a kernel type; None for a type of the module's own, whose `get` must be called.
    ///
    /// # Errors
    /// The fault to oops with.
    pub fn param_text(&mut self, param: &Param) -> Result<Option<Vec<u8>>, Fault> {
        param.kind.map(|kind| self.param_get(kind, param.arg)).transpose()
    }
}

/// One parameter of a module.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its `struct kernel_param`.
    pub addr: u64,
    /// Its name.
    pub name: String,
    /// Its operations.
    pub ops: u64,
    /// Its type; None if the operations are the module's own.
    pub kind: Option<ParamKind>,
    /// Permissions in /sys; 0: not there.
    pub mode: u32,
    /// The variable, or what describes it.
    pub arg: u64,
}

/// A parse under way. Plain data: it may live on a coroutine's stack.
#[derive(Clone, Copy, Debug)]
pub struct Params {
    module: &'static str,
    table: u64,
    count: u32,
    /// The rest of the parameter line, in guest memory.
    rest: u64,
    /// The word in hand: name, and value (0: none).
    word: (u64, u64),
    error: i32,
}

/// What to do next in a parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Call `set(val, kp)` of the module, then tell [`Params::finish`] what it returned.
    Call {
        /// The module's function.
        set: u64,
        /// The value, NULL if there is none.
        val: u64,
        /// The `struct kernel_param`.
        kp: u64,
    },
    /// The line is done: 0, or the error to fail the load with.
    Done(i32),
}

impl Params {
    /// Starts to parse `args` for the module `name` with `count` parameters at `table`. None without memory.
    pub fn new(machine: &mut Machine, name: &str, table: u64, count: u32, args: &[u8]) -> Option<Params> {
        let at = machine.kernel.event_here();
        let args = kloom_lib::c_str(args);
        let rest = machine.arena.heap.alloc(args.len() as u64 + 1, 16, true, "module parameters", at)?;
        let _ = machine.arena.write(rest, args);
        machine.mem.param_strings.insert(rest);
        Some(Params { module: intern(name), table, count, rest, word: (0, 0), error: 0 })
    }

    /// Goes on until a function of the module is to be called, or the line ends.
    ///
    /// # Errors
    /// The fault to oops with.
    pub fn step(&mut self, machine: &mut Machine) -> Result<Step, Fault> {
        loop {
            let text = machine.text(self.rest)?;
            let skipped = kloom_lib::ctype::skip_spaces(&text);
            if skipped.is_empty() {
                return Ok(Step::Done(self.error));
            }
            let start = self.rest + (text.len() - skipped.len()) as u64;
            let (arg, rest) = cmdline::next_arg(skipped);
            let offset = |part: &[u8]| start + (part.as_ptr() as u64 - skipped.as_ptr() as u64);
            let (param, val) = (arg.param.to_vec(), arg.val.map(<[u8]>::to_vec));
            let name_at = offset(arg.param);
            let val_at =
                arg.val.map_or(0, |val| if val.is_empty() { start + skipped.len() as u64 } else { offset(val) });
            self.rest = start + (skipped.len() - rest.len()) as u64;
            if val.is_none() && param == b"--" {
                if !rest.is_empty() {
                    let left = String::from_utf8_lossy(rest).into_owned();
                    machine.print(Level::Warning, format!("{}: parameters '{left}' after `--' ignored", self.module));
                }
                self.rest = start + skipped.len() as u64;
                continue;
            }
            machine.store(name_at + param.len() as u64, &[0])?;
            if let Some(val) = &val
                && !val.is_empty()
            {
                machine.store(val_at + val.len() as u64, &[0])?;
            }
            self.word = (name_at, val_at);
            match self.apply(machine, &param, val.as_deref())? {
                Ok(result) => self.finish(machine, result),
                Err(call) => return Ok(call),
            }
        }
    }

    /// Handles one word: its result, or the call it needs.
    fn apply(&mut self, machine: &mut Machine, name: &[u8], val: Option<&[u8]>) -> Result<Result<i32, Step>, Fault> {
        let shown = String::from_utf8_lossy(name).into_owned();
        for index in 0..u64::from(self.count) {
            let param = machine.param_at(self.table + index * KERNEL_PARAM_SIZE)?;
            if !cmdline::parameq(name, param.name.as_bytes()) {
                continue;
            }
            machine.check_access(param.ops, 32, false)?;
            if val.is_none() && machine.peek_u32(param.ops + ops::FLAGS) & ops::NOARG == 0 {
                return Ok(Ok(-Errno::EINVAL.0));
            }
            if machine.load(param.addr + kp::FLAGS, 1)?[0] & UNSAFE != 0 {
                machine.print(Level::Notice, format!("Setting dangerous option {} - tainting kernel", param.name));
                machine.kernel.tainted |= 1 << TAINT_USER;
            }
            return match param.kind {
                Some(kind) => machine.param_set(kind, &param.name, val, param.arg).map(Ok),
                None => Ok(Err(Step::Call {
                    set: machine.peek_u64(param.ops + ops::SET),
                    val: self.word.1,
                    kp: param.addr,
                })),
            };
        }
        if name != b"async_probe" && name != b"dyndbg" {
            machine.print(Level::Warning, format!("{}: unknown parameter '{shown}' ignored", self.module));
        }
        Ok(Ok(0))
    }

    /// Takes note of a word's result: an error is told, and the rest of the line is parsed all the same.
    pub fn finish(&mut self, machine: &mut Machine, result: i32) {
        if result == 0 {
            return;
        }
        let name = machine.text_or_empty(self.word.0);
        let mut val = if self.word.1 == 0 { String::new() } else { machine.text_or_empty(self.word.1) };
        // Splitting a list puts a NUL where its first comma was, which is all that is left to be shown.
        let array = (0..u64::from(self.count)).any(|index| {
            let param = machine.param_at(self.table + index * KERNEL_PARAM_SIZE);
            param.is_ok_and(|param| {
                param.kind == Some(ParamKind::Array) && cmdline::parameq(name.as_bytes(), param.name.as_bytes())
            })
        });
        if array && let Some(comma) = val.find(',') {
            val.truncate(comma);
        }
        let module = self.module;
        let text = match Errno(-result) {
            Errno::ENOENT => format!("{module}: Unknown parameter `{name}'"),
            Errno::ENOSPC => format!("{module}: `{val}' too large for parameter `{name}'"),
            _ => format!("{module}: `{val}' invalid for parameter `{name}'"),
        };
        machine.print(Level::Err, text);
        self.error = result;
    }
}

/// `TAINT_USER`.
const TAINT_USER: u32 = 6;

/// Parses a whole line in the coroutine of insmod, calling the module's own `set` functions.
///
/// # Errors
/// What the load fails with.
pub fn parse_params(mut params: Params) -> Result<(), Errno> {
    loop {
        match or_oops(enter(|machine, _| params.step(machine))) {
            Step::Done(0) => return Ok(()),
            Step::Done(error) => return Err(Errno(-error)),
            Step::Call { set, val, kp } => {
                let result = call3(set, val, kp, 0) as i32;
                enter(|machine, _| params.finish(machine, result));
            }
        }
    }
}

/// Frees what parameters hold when their module goes (`destroy_params()`), in the coroutine of rmmod.
pub fn destroy_params(table: u64, count: u32) {
    for index in 0..u64::from(count) {
        let addr = table + index * KERNEL_PARAM_SIZE;
        let (free, arg) = or_oops(enter(|machine, _| {
            let param = machine.param_at(addr)?;
            match param.kind {
                Some(ParamKind::Charp) => machine.free_param_string(param.arg),
                Some(ParamKind::Array) => {
                    let (max, size, num, kind, elem) = machine.array_at(param.arg)?;
                    let count = if num == 0 { max } else { machine.peek_u32(num).min(max) };
                    if kind == Some(ParamKind::Charp) {
                        (0..u64::from(count)).for_each(|index| machine.free_param_string(elem + index * size));
                    }
                }
                Some(_) => {}
                None => {
                    machine.check_access(param.ops, 32, false)?;
                    return Ok((machine.peek_u64(param.ops + ops::FREE), param.arg));
                }
            }
            Ok((0, 0))
        }));
        if free != 0 {
            call1(free, arg);
        }
    }
}

#[cfg(test)]
mod tests {
    use kloom_kernel::Config;
    use kloom_kernel::chooser::Natural;

    use super::*;
    use crate::MachineHandle;

    fn machine() -> MachineHandle {
        MachineHandle::new(Config::default(), Box::new(Natural)).expect("a machine")
    }

    fn block(machine: &mut Machine, bytes: &[u8]) -> u64 {
        let at = machine.kernel.event_here();
        let addr = machine.arena.heap.alloc(bytes.len() as u64, 16, true, "test", at).expect("memory");
        machine.arena.write(addr, bytes).expect("fresh memory");
        addr
    }

    fn words(words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// A `__param` table of (name, operations, variable).
    fn table(machine: &mut Machine, params: &[(&str, &str, u64)]) -> u64 {
        let mut bytes = Vec::new();
        for (name, ops, arg) in params {
            let name = block(machine, format!("{name}\0").as_bytes());
            let ops = machine.kdata.get(ops).unwrap_or(0);
            bytes.extend(words(&[name, 0, ops, 0o644 | 0xff << 16, *arg]));
        }
        block(machine, &bytes)
    }

    fn parse(machine: &mut Machine, table: u64, count: u32, args: &str) -> i32 {
        let mut params = Params::new(machine, "m", table, count, args.as_bytes()).expect("memory");
        match params.step(machine).expect("no fault") {
            Step::Done(result) => result,
            call @ Step::Call { .. } => panic!("{call:?}"),
        }
    }

    fn last_line(machine: &Machine) -> String {
        machine
            .kernel
            .printk
            .records
            .back()
            .map_or(String::new(), |record| String::from_utf8_lossy(&record.text).into_owned())
    }

    fn shown(machine: &mut Machine, table: u64, index: u64) -> String {
        let param = machine.param_at(table + index * KERNEL_PARAM_SIZE).expect("readable");
        assert_eq!(param.mode, 0o644);
        String::from_utf8(machine.param_text(&param).expect("readable").expect("a kernel type")).expect("ASCII")
    }

    #[test]
    fn every_scalar_type_is_read_and_shown() {
        let mut handle = machine();
        let machine = handle.get();
        let cases = [
            ("byte", "255", "255\n", "256"),
            ("short", "-7", "-7\n", "40000"),
            ("ushort", "0xffff", "65535\n", "-1"),
            ("int", "-2147483648", "-2147483648\n", "2147483648"),
            ("uint", "010", "8\n", "4294967296"),
            ("long", "-9", "-9\n", "x"),
            ("ulong", "18446744073709551615", "18446744073709551615\n", "18446744073709551616"),
            ("ullong", "1", "1\n", "-1"),
            ("hexint", "0xab", "0x0000ab\n", "g"),
            ("bool", "on", "Y\n", "maybe"),
            ("invbool", "y", "Y\n", "maybe"),
            ("bint", "y", "1\n", "2"),
            ("bool_enable_only", "1", "Y\n", "?"),
        ];
        for (kind, good, text, bad) in cases {
            let variable = block(machine, &[0; 8]);
            let table = table(machine, &[("v", &format!("param_ops_{kind}"), variable)]);
            assert_eq!(parse(machine, table, 1, &format!("v={good}")), 0, "{kind}");
            assert_eq!(shown(machine, table, 0), text, "{kind}");
            let result = parse(machine, table, 1, &format!("v={bad}"));
            assert!(result == -22 || result == -34, "{kind}: {result}");
            assert_eq!(last_line(machine), format!("m: `{bad}' invalid for parameter `v'"));
            assert_eq!(shown(machine, table, 0), text, "{kind}: a wrong value changes nothing");
        }
    }

    #[test]
    fn a_name_alone_is_enough_for_bool_only() {
        let mut handle = machine();
        let machine = handle.get();
        let (flag, number) = (block(machine, &[0; 8]), block(machine, &[0; 8]));
        let table = table(machine, &[("flag", "param_ops_bool", flag), ("number", "param_ops_int", number)]);
        assert_eq!(parse(machine, table, 2, "flag"), 0);
        assert_eq!(shown(machine, table, 0), "Y\n");
        assert_eq!(parse(machine, table, 2, "number"), -22);
        assert_eq!(last_line(machine), "m: `' invalid for parameter `number'");
    }

    #[test]
    fn unknown_names_are_ignored_and_the_rest_is_parsed() {
        let mut handle = machine();
        let machine = handle.get();
        let number = block(machine, &[0; 8]);
        let table = table(machine, &[("a_b", "param_ops_int", number)]);
        assert_eq!(parse(machine, table, 1, "foo=1 a-b=5"), 0);
        assert_eq!(last_line(machine), "m: unknown parameter 'foo' ignored");
        assert_eq!(shown(machine, table, 0), "5\n");
        assert_eq!(parse(machine, table, 1, "a_b=x a_b=6"), -22, "the error stays");
        assert_eq!(shown(machine, table, 0), "6\n", "what follows an error is parsed all the same");
        assert_eq!(parse(machine, table, 1, "a_b=7 -- more"), 0);
        assert_eq!(last_line(machine), "m: parameters 'more' after `--' ignored");
        assert_eq!(parse(machine, table, 1, ""), 0);
        assert_eq!(parse(machine, table, 1, "   "), 0);
    }

    #[test]
    fn charp_is_a_copy_and_has_a_limit() {
        let mut handle = machine();
        let machine = handle.get();
        let pointer = block(machine, &[0; 8]);
        let table = table(machine, &[("text", "param_ops_charp", pointer)]);
        assert_eq!(shown(machine, table, 0), "(null)\n");
        assert_eq!(parse(machine, table, 1, "text=\"two words\""), 0);
        assert_eq!(shown(machine, table, 0), "two words\n");
        let live = machine.arena.heap.live_count();
        assert_eq!(parse(machine, table, 1, "text=again"), 0);
        assert_eq!(machine.arena.heap.live_count(), live + 1, "only the parameter line is new: the old text is freed");
        assert_eq!(parse(machine, table, 1, "text="), 0);
        assert_eq!(shown(machine, table, 0), "\n");
        let long = "x".repeat(1025);
        assert_eq!(parse(machine, table, 1, &format!("text={long}")), -28);
        assert_eq!(last_line(machine), format!("m: `{long}' too large for parameter `text'")[..992].to_string());
    }

    #[test]
    fn string_fits_its_buffer_or_fails() {
        let mut handle = machine();
        let machine = handle.get();
        let buffer = block(machine, b"w\0\0\0\0\0\0\0");
        let description = block(machine, &words(&[8, buffer]));
        let table = table(machine, &[("word", "param_ops_string", description)]);
        assert_eq!(parse(machine, table, 1, "word=seven77"), 0);
        assert_eq!(shown(machine, table, 0), "seven77\n");
        assert_eq!(parse(machine, table, 1, "word=eight888"), -28);
        let lines: Vec<String> = machine
            .kernel
            .printk
            .records
            .iter()
            .map(|record| String::from_utf8_lossy(&record.text).into_owned())
            .collect();
        assert!(lines.contains(&"word: string doesn't fit in 7 chars.".to_string()), "{lines:?}");
        assert_eq!(last_line(machine), "m: `eight888' too large for parameter `word'");
    }

    #[test]
    fn arrays_take_lists_up_to_their_size() {
        let mut handle = machine();
        let machine = handle.get();
        let (elements, count) = (block(machine, &[0; 12]), block(machine, &[0; 4]));
        let ops = machine.kdata.get("param_ops_int").expect("exported");
        let description = block(machine, &words(&[3 | 4 << 32, count, ops, elements]));
        let table = table(machine, &[("list", "param_array_ops", description)]);
        assert_eq!(parse(machine, table, 1, "list=1,-2"), 0);
        assert_eq!(shown(machine, table, 0), "1,-2\n");
        assert_eq!(parse(machine, table, 1, "list=1,2,3,4"), -22);
        let lines: Vec<String> = machine
            .kernel
            .printk
            .records
            .iter()
            .map(|record| String::from_utf8_lossy(&record.text).into_owned())
            .collect();
        assert!(lines.contains(&"list: can only take 3 arguments".to_string()), "{lines:?}");
        assert_eq!(shown(machine, table, 0), "1,2,3\n");
        assert_eq!(parse(machine, table, 1, "list=1,x,3"), -22);
        assert_eq!(shown(machine, table, 0), "1\n", "what came before the wrong one counts");
    }

    #[test]
    fn own_operations_are_called_with_the_value() {
        let mut handle = machine();
        let machine = handle.get();
        let ops = block(machine, &words(&[0, 0x1234, 0, 0]));
        let name = block(machine, b"own\0");
        let table = block(machine, &words(&[name, 0, ops, 0, 0]));
        let mut params = Params::new(machine, "m", table, 1, b"own=\"a b\" rest=1").expect("memory");
        let Step::Call { set, val, kp } = params.step(machine).expect("no fault") else { panic!("a call is due") };
        assert_eq!((set, kp), (0x1234, table));
        assert_eq!(machine.text(val).expect("readable"), b"a b");
        params.finish(machine, -2);
        assert_eq!(last_line(machine), "m: Unknown parameter `own'");
        assert_eq!(params.step(machine).expect("no fault"), Step::Done(-2));
    }
}
