//! C headers: include/linux/bug.h, include/linux/list.h and include/linux/refcount.h (their reports),
//! include/kloom/object.h, include/linux/lockdep.h.
//!
//! Texts follow Linux 6.1 kernel/panic.c, lib/list_debug.c and lib/refcount.c, as its Debian build prints them: damaged
//! lists are a BUG there.

use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;
use kloom_kernel::printk::Level;

use super::printk::{VarArgs, format};
use crate::Machine;
use crate::call::{enter, never_return};
use crate::oops::or_oops;

/// `LIST_POISON1` and `LIST_POISON2`.
const LIST_POISON: (u64, u64) = (0xdead_0000_0000_0100, 0xdead_0000_0000_0122);
/// `REFCOUNT_SATURATED`.
const REFCOUNT_SATURATED: i32 = i32::MIN / 2;
/// Longest message of a WARN or panic: `panic()` has a buffer of this size.
const MESSAGE_MAX: usize = 1024;

impl Machine {
    /// Notes once per name that the module used a call Linux has dropped.
    pub(crate) fn note_removed(&mut self, name: &str, replacement: &str) {
        if self.removed_noted.iter().any(|noted| noted == name) {
            return;
        }
        self.removed_noted.push(name.to_string());
        self.kernel.report(Fault::RemovedApi { name: name.to_string(), replacement: replacement.to_string() });
    }

    /// As `note_removed()`, for a module that is being loaded and blames no call of it.
    pub fn note_not_exported(&mut self, name: &str, instead: &str) {
        let here = std::mem::take(&mut self.kernel.here);
        self.note_removed(name, instead);
        self.kernel.here = here;
    }

    /// As [`Machine::note_removed`], blaming the function at `func` instead of the caller.
    pub(crate) fn note_removed_in_file(&mut self, name: &str, replacement: &str, func: u64) {
        let here = self.kernel.here;
        self.kernel.here = Default::default();
        // A return address lies behind its call.
        self.kernel.here.0[0] = func + 1;
        self.note_removed(name, replacement);
        self.kernel.here = here;
    }

    /// What a WARN of the kernel's own code prints; the report is a module's misuse.
    pub(crate) fn warn_kernel(&mut self, file: &str, line: u32, function: &str) {
        self.warn_block(None, file, line, function);
        let message = String::new();
        self.kernel.report(Fault::Warn { file: file.to_string(), line, function: function.to_string(), message });
    }

    /// As `warn_kernel`, once per place in a boot.
    pub(crate) fn warn_kernel_once(&mut self, file: &'static str, line: u32, function: &str) {
        if self.first_warning(file, line) {
            self.warn_kernel(file, line, function);
        }
    }

    /// As `warn_kernel` with a message; no report of its own.
    pub fn warn_kernel_text(&mut self, text: &str, file: &str, line: u32, function: &str) {
        self.warn_block(Some(text), file, line, function);
    }

    /// The block a WARN prints.
    pub(crate) fn warn_block(&mut self, text: Option<&str>, file: &str, line: u32, function: &str) {
        let current = self.kernel.current();
        let (cpu, pid) = (self.kernel.this_cpu, self.kernel.tasks[current].pid);
        self.print(Level::Warning, "------------[ cut here ]------------".into());
        if let Some(text) = text {
            for line in text.trim_end_matches('\n').split('\n') {
                self.print(Level::Warning, line.to_string());
            }
        }
        let here = self.kernel.here.0[0];
        let registers = self.call_registers();
        let kernels_own = ["kernel/", "lib/", "fs/", "mm/", "init/"].iter().any(|tree| file.starts_with(tree));
        let place = if kernels_own || here == 0 { format!("{function}+0x0/0x0") } else { self.symbolic(registers.rip) };
        self.print(Level::Warning, format!("WARNING: CPU: {cpu} PID: {pid} at {file}:{line} {place}"));
        let linked = self.kernel.modules_linked_in();
        self.print(Level::Warning, linked);
        self.print_task_line();
        let ip = if kernels_own { 0 } else { registers.rip };
        self.print_registers(&place, (ip != 0).then_some(ip), &registers, 0);
        self.print_call_trace(ip);
        self.print(Level::Warning, "---[ end trace 0000000000000000 ]---".into());
        self.kernel.tainted |= 1 << kloom_kernel::taint::WARN;
    }

    /// `CPU: … PID: … Comm: …` and the line after it.
    fn print_task_line(&mut self) {
        let task = &self.kernel.tasks[self.kernel.current()];
        let (comm, pid, cpu) = (task.c.comm_text(), task.pid, self.kernel.this_cpu);
        let (taint, release) = (self.kernel.taint_text(), self.kernel.config.release.clone());
        self.print(Level::Warning, format!("CPU: {cpu} PID: {pid} Comm: {comm} {taint} {release} #1"));
        self.print(Level::Warning, "Hardware name: kloom simulated machine".into());
        self.print_worker_info();
    }

    /// What `dump_stack()` prints.
    pub fn print_stack(&mut self) {
        self.print_task_line();
        self.print_call_trace(0);
    }

    /// `panic()`: the machine stops.
    pub(crate) fn panic(&mut self, message: &str) {
        self.panic_begins(message);
        self.panic_ends(message);
    }

    /// What is said before anyone is told.
    fn panic_begins(&mut self, message: &str) {
        self.kernel.panic(message.trim_end_matches('\n'));
        self.print_stack();
    }

    /// The last words.
    fn panic_ends(&mut self, message: &str) {
        let message = message.trim_end_matches('\n');
        self.print(Level::Emerg, "Kernel Offset: disabled".into());
        self.print(Level::Emerg, format!("---[ end Kernel panic - not syncing: {message} ]---"));
    }

    /// Formats the message of a call; an unreadable format gives what could be read.
    fn message(&mut self, frame: &VaFrame, fmt: usize) -> String {
        let (bytes, _) = format(self, frame.regs[fmt], &mut VarArgs::after(frame, fmt + 1), MESSAGE_MAX);
        // The level prefix a WARN text may carry is no part of it.
        let (_, text) = kloom_lib::vsprintf::printk_level(&bytes);
        String::from_utf8_lossy(text).into_owned()
    }
}

/// `BUG()`, `BUG_ON()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_bug(file: u64, line: i32, function: u64, condition: u64) -> u64 {
    enter(|machine, _| {
        let file = machine.text_or_empty(file);
        let function = machine.text_or_empty(function);
        let condition = if condition == 0 { String::new() } else { machine.text_or_empty(condition) };
        machine.oops(Fault::Bug { file, line: line as u32, function, condition }, None);
    });
    never_return()
}

/// `fortify_panic()`: a destination whose size the compiler knows is too small (lib/string_helpers.c, 6.1).
///
/// # Context
/// Any; ends the calling task.
pub(crate) extern "C" fn fortify_panic(name: u64) -> u64 {
    enter(|machine, _| {
        let condition = format!("detected buffer overflow in {}", machine.text_or_empty(name));
        machine.print(Level::Emerg, condition.clone());
        let file = "lib/string_helpers.c".to_string();
        machine.oops(Fault::Bug { file, line: 1027, function: "fortify_panic".into(), condition }, None);
    });
    never_return()
}

/// `WARN()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_warn(frame: &VaFrame) {
    enter(|machine, _| {
        let message = machine.message(frame, 3);
        warn(
            machine,
            frame.regs[0],
            frame.regs[1] as u32,
            frame.regs[2],
            Some(&message),
            message.trim_end_matches('\n'),
        );
    });
}

/// `WARN_ON()`: no message; the report carries the condition.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_warn_on(file: u64, line: i32, function: u64, condition: u64) {
    enter(|machine, _| {
        let condition = if condition == 0 { String::new() } else { machine.text_or_empty(condition) };
        warn(machine, file, line as u32, function, None, &condition);
    });
}

fn warn(machine: &mut Machine, file: u64, line: u32, function: u64, text: Option<&str>, message: &str) {
    let file = machine.text_or_empty(file);
    let function = machine.text_or_empty(function);
    machine.warn_block(text, &file, line, &function);
    let seen = machine.kernel.reports.iter_mut().find(|report| {
        matches!(&report.fault, Fault::Warn { file: other, line: at, message: said, .. } if *other == file && *at == line && said == message)
    });
    match seen {
        Some(report) => report.repeats += 1,
        None => machine.kernel.report(Fault::Warn { file, line, function, message: message.to_string() }),
    }
}

/// `panic()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn panic(frame: &VaFrame) -> u64 {
    let message = enter(|machine, _| {
        let message = machine.message(frame, 0);
        machine.kernel.report(Fault::Panic { message: message.clone() });
        machine.panic_begins(&message);
        message
    });
    super::notifier::call_panic_list(&message);
    enter(|machine, _| machine.panic_ends(&message));
    drop(message);
    never_return()
}

/// `add_taint()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn add_taint(flag: u32, _lockdep_ok: i32) {
    enter(|machine, _| {
        if flag < 19 {
            machine.kernel.tainted |= 1 << flag;
        }
    });
}

/// The stack protector found its canary changed.
pub(crate) extern "C" fn __stack_chk_fail() -> u64 {
    enter(|machine, _| {
        let ip = machine.kernel.here.0[0];
        let place = machine.symbolic(ip.saturating_sub(1));
        machine.kernel.report(Fault::StackSmashed { ip });
        machine.panic(&format!("stack-protector: Kernel stack is corrupted in: {place}"));
    });
    never_return()
}

/// Line of lib/list_debug.c (6.1) that finds the damage `why` tells.
pub(crate) fn list_debug_line(why: &str) -> u32 {
    const LINES: [(&str, u32); 11] = [
        ("prev is NULL", 23),
        ("next is NULL", 25),
        ("next->prev should be prev", 27),
        ("prev->next should be next", 30),
        ("double add", 33),
        ("->next is NULL", 49),
        ("->prev is NULL", 51),
        ("LIST_POISON1", 53),
        ("LIST_POISON2", 56),
        ("list_del corruption. prev->next", 59),
        ("list_del corruption. next->prev", 62),
    ];
    // The last match is the most exact one.
    LINES.iter().rev().find(|(text, _)| why.contains(text)).map_or(62, |(_, line)| *line)
}

/// What is wrong with inserting `new` between `prev` and `next`, in the words of lib/list_debug.c; `word` reads memory.
fn add_damage(new: u64, prev: u64, next: u64, word: impl Fn(u64) -> u64) -> Option<String> {
    if prev == 0 {
        return Some("list_add corruption. prev is NULL.".into());
    }
    if next == 0 {
        return Some("list_add corruption. next is NULL.".into());
    }
    let (next_prev, prev_next) = (word(next + 8), word(prev));
    if next_prev != prev {
        return Some(format!(
            "list_add corruption. next->prev should be prev ({prev:016x}), but was {next_prev:016x}. (next={next:016x})."
        ));
    }
    if prev_next != next {
        return Some(format!(
            "list_add corruption. prev->next should be next ({next:016x}), but was {prev_next:016x}. (prev={prev:016x})."
        ));
    }
    (new == prev || new == next)
        .then(|| format!("list_add double add: new={new:016x}, prev={prev:016x}, next={next:016x}."))
}

/// What is wrong with removing `entry`.
fn del_damage(entry: u64, word: impl Fn(u64) -> u64) -> Option<String> {
    let (next, prev) = (word(entry), word(entry + 8));
    if next == 0 {
        return Some(format!("list_del corruption, {entry:016x}->next is NULL"));
    }
    if prev == 0 {
        return Some(format!("list_del corruption, {entry:016x}->prev is NULL"));
    }
    if next == LIST_POISON.0 {
        return Some(format!("list_del corruption, {entry:016x}->next is LIST_POISON1 ({next:016x})"));
    }
    if prev == LIST_POISON.1 {
        return Some(format!("list_del corruption, {entry:016x}->prev is LIST_POISON2 ({prev:016x})"));
    }
    let prev_next = word(prev);
    if prev_next != entry {
        return Some(format!(
            "list_del corruption. prev->next should be {entry:016x}, but was {prev_next:016x}. (prev={prev:016x})"
        ));
    }
    let next_prev = word(next + 8);
    (next_prev != entry).then(|| {
        format!("list_del corruption. next->prev should be {entry:016x}, but was {next_prev:016x}. (next={next:016x})")
    })
}

fn list_bug(machine: &mut Machine, why: Option<String>) -> Result<bool, Fault> {
    match why {
        None => Ok(true),
        Some(why) => {
            machine.print(Level::Err, why.clone());
            Err(Fault::BadList { why })
        }
    }
}

/// `__list_add_valid()`: a BUG when the insertion would damage the list more.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __list_add_valid(new: u64, prev: u64, next: u64) -> bool {
    or_oops(enter(|machine, _| {
        let why = add_damage(new, prev, next, |addr| machine.peek_u64(addr));
        list_bug(machine, why)
    }))
}

/// `__list_del_entry_valid()`: a BUG when the entry is on no list, or its list is damaged.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __list_del_entry_valid(entry: u64) -> bool {
    or_oops(enter(|machine, _| {
        machine.check_access(entry, 16, false)?;
        let why = del_damage(entry, |addr| machine.peek_u64(addr));
        list_bug(machine, why)
    }))
}

/// `refcount_warn_saturate()`: saturates the count, warns once per reason.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn refcount_warn_saturate(count: u64, kind: u32) {
    or_oops(enter(|machine, _| {
        machine.store(count, &REFCOUNT_SATURATED.to_le_bytes())?;
        let (why, line) = match kind {
            0 => ("saturated; leaking memory", 19),
            1 => ("saturated; leaking memory", 22),
            2 => ("addition on 0; use-after-free", 25),
            3 => ("underflow; use-after-free", 28),
            4 => ("decrement hit 0; leaking memory", 31),
            _ => ("unknown saturation event!?", 34),
        };
        if machine.first_warning("lib/refcount.c", line) {
            machine.warn_kernel_text(&format!("refcount_t: {why}."), "lib/refcount.c", line, "refcount_warn_saturate");
        }
        let here = machine.kernel.here.0[0];
        let seen = machine
            .kernel
            .reports
            .iter_mut()
            .find(|report| matches!(report.fault, Fault::RefcountMisuse { .. }) && report.at.trace.0[0] == here);
        match seen {
            Some(report) => report.repeats += 1,
            None => machine.kernel.report(Fault::RefcountMisuse { why, addr: count }),
        }
        Ok(())
    }));
}

/// `refcount_dec_not_one()`: a count of 1 or a saturated one stays; an underflow warns.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn refcount_dec_not_one(count: u64) -> bool {
    let (done, underflow) = or_oops(enter(|machine, _| {
        machine.check_access(count, 4, true)?;
        let value = machine.peek_u32(count) as i32;
        if value == REFCOUNT_SATURATED {
            return Ok((true, false));
        }
        if value == 1 {
            return Ok((false, false));
        }
        if value <= 0 {
            return Ok((true, true));
        }
        machine.poke_u32(count, (value - 1) as u32);
        Ok((true, false))
    }));
    if underflow {
        refcount_warn_saturate(count, 3);
    }
    done
}

/// Notes that the module used a call Linux has dropped.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_removed_api(name: u64, replacement: u64) {
    enter(|machine, _| {
        let (name, replacement) = (machine.text_or_empty(name), machine.text_or_empty(replacement));
        machine.note_removed(&name, &replacement);
    });
}

crate::exports![
    plain: fortify_panic, kloom_bug, kloom_warn_on, add_taint, __stack_chk_fail, __list_add_valid, __list_del_entry_valid,
        refcount_warn_saturate, refcount_dec_not_one, kloom_removed_api;
    variadic: kloom_warn, panic;
    named:
];

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(words: &[(u64, u64)]) -> impl Fn(u64) -> u64 + '_ {
        |addr| words.iter().find(|(at, _)| *at == addr).map_or(0, |(_, value)| *value)
    }

    #[test]
    fn list_add_names_the_damage_and_its_line() {
        let good = [(0x100, 0x200), (0x208, 0x100)];
        assert_eq!(add_damage(0x300, 0x100, 0x200, memory(&good)), None);
        let check = |new, prev, next, words: &[(u64, u64)], start: &str, line| {
            let why = add_damage(new, prev, next, memory(words)).unwrap_or_default();
            assert!(why.starts_with(start), "{why}");
            assert_eq!(list_debug_line(&why), line, "{why}");
        };
        check(0x300, 0, 0x200, &[], "list_add corruption. prev is NULL.", 23);
        check(0x300, 0x100, 0, &[], "list_add corruption. next is NULL.", 25);
        check(
            0x300,
            0x100,
            0x200,
            &[(0x208, 0x500)],
            "list_add corruption. next->prev should be prev (0000000000000100)",
            27,
        );
        check(0x300, 0x100, 0x200, &[(0x208, 0x100)], "list_add corruption. prev->next should be next", 30);
        check(0x200, 0x100, 0x200, &good, "list_add double add: new=0000000000000200", 33);
    }

    #[test]
    fn list_del_names_the_damage_and_its_line() {
        let good = [(0x200, 0x300), (0x208, 0x100), (0x100, 0x200), (0x308, 0x200)];
        assert_eq!(del_damage(0x200, memory(&good)), None);
        let check = |words: &[(u64, u64)], start: &str, line| {
            let why = del_damage(0x200, memory(words)).unwrap_or_default();
            assert!(why.starts_with(start), "{why}");
            assert_eq!(list_debug_line(&why), line, "{why}");
        };
        check(&[], "list_del corruption, 0000000000000200->next is NULL", 49);
        check(&[(0x200, 0x300)], "list_del corruption, 0000000000000200->prev is NULL", 51);
        let poisoned = [(0x200, LIST_POISON.0), (0x208, LIST_POISON.1)];
        check(&poisoned, "list_del corruption, 0000000000000200->next is LIST_POISON1 (dead000000000100)", 53);
        check(
            &[(0x200, 0x300), (0x208, LIST_POISON.1)],
            "list_del corruption, 0000000000000200->prev is LIST_POISON2",
            56,
        );
        check(&good[..2], "list_del corruption. prev->next should be 0000000000000200, but was 0000000000000000.", 59);
        check(&good[..3], "list_del corruption. next->prev should be 0000000000000200", 62);
    }
}
