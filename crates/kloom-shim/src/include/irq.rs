//! C header: include/linux/interrupt.h: interrupt lines. No device raises them; the console does (`irq N`, which writes
//! `trigger` to `/sys/kernel/debug/irq/irqs/N`).
//!
//! Behaviour follows Linux 6.1 kernel/irq/manage.c, handle.c, chip.c and resend.c. A line raised while it is disabled
//! or being handled is remembered once. Lines 0 to 15 are edge triggered, the others and those asked for with
//! `IRQF_TRIGGER_HIGH` or `_LOW` are level triggered: with `IRQF_ONESHOT` such a line stays masked until its threads
//! are done.

use std::collections::BTreeMap;

use kloom_abi::Errno;
use kloom_abi::sched::{SCHED_FIFO, TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE};
use kloom_kernel::fs::IrqLine;
use kloom_kernel::fs::kernfs::{Attr, DEBUGFS, KernKind};
use kloom_kernel::ops::Op;
use kloom_kernel::printk::Level;
use kloom_kernel::sched::cpu::{Callback, CallbackSource};
use kloom_kernel::site::{ContextKind, RawEvent};
use kloom_kernel::task::{BlockedOn, TaskId};
use kloom_kernel::touch::{IRQ_LINES, Manner};

use crate::Machine;
use crate::call::{blocking, call3, ctx, enter, might_sleep};
use crate::control::Control;
use crate::fileops::AttrNode;
use crate::oops::or_oops;

/// Lines of the machine: those of one IO-APIC.
pub(crate) const LINES: u32 = 24;

/// Flags of `request_irq()`.
const TRIGGER_MASK: u64 = 0xf;
const TRIGGER_LEVEL: u64 = 0xc;
const SHARED: u64 = 0x80;
const PROBE_SHARED: u64 = 0x100;
const ONESHOT: u64 = 0x2000;
const NO_AUTOEN: u64 = 0x8_0000;

/// What handlers return.
const HANDLED: i32 = 1;
const WAKE_THREAD: i32 = 2;

/// Lines that the machine's own devices took: their flags and names as Linux 6.1 on x86 shows them.
const TAKEN: [(u32, u64, &str); 5] =
    [(0, 0x15a00, "timer"), (1, SHARED, "i8042"), (8, 0, "rtc0"), (9, SHARED, "acpi"), (12, SHARED, "i8042")];
/// The cascade, which nobody can request.
const CASCADE: u32 = 2;

/// A function on a line.
#[derive(Clone, Debug)]
struct Action {
    name: String,
    name_addr: u64,
    handler: u64,
    thread_fn: u64,
    requested: RawEvent,
    dev: u64,
    flags: u64,
    thread: Option<TaskId>,
    warned: bool,
}

/// One line.
#[derive(Clone, Debug, Default)]
struct Line {
    actions: Vec<Action>,
    /// Depth of `disable_irq()`.
    disabled: u32,
    /// Raised while it could not be handled.
    pending: bool,
    in_progress: bool,
    /// Threads that keep a level line masked.
    oneshot: u32,
    cpu: u32,
    unhandled: u64,
}

/// A thread of a line; outlives its action until it was stopped.
#[derive(Clone, Copy, Debug)]
struct Thread {
    irq: u32,
    func: u64,
    dev: u64,
    wanted: bool,
    running: bool,
    oneshot: bool,
}

/// What the lines are.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    lines: BTreeMap<u32, Line>,
    threads: BTreeMap<TaskId, Thread>,
    /// Tasks in `synchronize_irq()`.
    waiters: Vec<TaskId>,
}

impl State {
    /// Functions on interrupt lines: line, name, handler, thread function, where it was requested.
    pub(crate) fn actions(&self) -> impl Iterator<Item = (u32, &str, [u64; 2], RawEvent)> {
        let of = |action: &'_ Action| ([action.handler, action.thread_fn], action.requested);
        self.lines.iter().flat_map(move |(&irq, line)| {
            line.actions.iter().map(move |action| {
                let (functions, at) = of(action);
                (irq, action.name.as_str(), functions, at)
            })
        })
    }
}

/// Makes the files of the lines.
pub(crate) fn boot(machine: &mut Machine) {
    let dir = machine.kernel.vfs.kern.make_dirs(DEBUGFS, "irq/irqs", 0o755);
    for irq in (0..LINES).filter(|&irq| irq != CASCADE) {
        let file = KernKind::File(Attr::Ops { ops: 0, object: 0, data: 1 });
        if let Ok(id) = machine.kernel.vfs.kern.add(dir, &irq.to_string(), file, 0o644, None, None) {
            machine.files.attrs.insert(id, AttrNode::Control(Control::Irq(irq)));
        }
    }
    for (irq, ..) in TAKEN {
        machine.show_line(irq);
    }
}

impl Machine {
    /// Writes the line's row of /proc/interrupts.
    fn show_line(&mut self, irq: u32) {
        let taken = TAKEN.iter().filter(|row| row.0 == irq).map(|row| row.2.to_string());
        let line = self.irqs.lines.lines.get(&irq);
        let own = line.into_iter().flat_map(|line| line.actions.iter().map(|action| action.name.clone()));
        let names: Vec<String> = taken.chain(own).collect();
        let flow = if is_level(line, irq) { "fasteoi" } else { "edge" };
        let rows = &mut self.kernel.vfs.irqs;
        if names.is_empty() {
            rows.retain(|row| row.irq != irq);
            return;
        }
        let action = names.join(", ");
        let cpus = self.kernel.cpus.len();
        match rows.iter_mut().find(|row| row.irq == irq) {
            Some(row) => row.action = action,
            None => {
                let at = rows.iter().position(|row| row.irq > irq).unwrap_or(rows.len());
                let row = IrqLine { irq, chip: "IO-APIC".into(), flow: flow.into(), action, counts: vec![0; cpus] };
                rows.insert(at, row);
            }
        }
    }

    /// Raises a line from outside.
    ///
    /// # Errors
    /// `EINVAL` when nobody asked for it.
    pub(crate) fn raise_irq(&mut self, irq: u32) -> Result<(), Errno> {
        let taken = TAKEN.iter().any(|row| row.0 == irq);
        let line = self.irqs.lines.lines.get_mut(&irq);
        if !taken && line.as_ref().is_none_or(|line| line.actions.is_empty()) {
            return Err(Errno::EINVAL);
        }
        let cpu = line.map_or(0, |line| line.cpu);
        let online = self.kernel.online_mask();
        let cpu = if online & (1 << cpu) == 0 { online.trailing_zeros() } else { cpu };
        let callback = Callback {
            kind: ContextKind::Hardirq,
            func: handle_line as *const () as u64,
            args: [u64::from(irq), 0, 0],
            source: CallbackSource::Other(u64::from(irq)),
        };
        self.kernel.queue_callback(cpu, callback);
        self.end_budget();
        Ok(())
    }

    /// What the line's file shows.
    pub(crate) fn irq_text(&self, irq: u32) -> String {
        let line = self.irqs.lines.lines.get(&irq);
        let flow = if is_level(line, irq) { "handle_fasteoi_irq" } else { "handle_edge_irq" };
        let depth = line.map_or(0, |line| line.disabled);
        let (mask, cpu) = (self.kernel.online_mask(), line.map_or(0, |line| line.cpu));
        format!("handler:  {flow}\nddepth:   {depth}\naffinity: {}\neffectiv: {cpu}\n", cpu_list(mask))
    }
}

/// `0-3,5`.
pub(crate) fn cpu_list(mask: u64) -> String {
    let mut parts = Vec::new();
    let mut cpu = 0;
    while cpu < 64 {
        if mask >> cpu & 1 == 0 {
            cpu += 1;
            continue;
        }
        let length = (!(mask >> cpu)).trailing_zeros().max(1);
        parts.push(if length == 1 { cpu.to_string() } else { format!("{cpu}-{}", cpu + length - 1) });
        cpu += length;
    }
    parts.join(",")
}

fn is_level(line: Option<&Line>, irq: u32) -> bool {
    let asked = line.and_then(|line| line.actions.first()).map_or(0, |action| action.flags & TRIGGER_MASK);
    if asked == 0 { irq >= 16 || irq == 9 } else { asked & TRIGGER_LEVEL != 0 }
}

/// The interrupt: calls each function on the line, and again if it was raised meanwhile.
pub(crate) extern "C" fn handle_line(irq: u64) {
    let irq = irq as u32;
    ctx().call_site.set(0);
    ctx().fp.set(0);
    let begins = enter(|machine, _| {
        let cpu = machine.kernel.this_cpu as usize;
        if let Some(count) =
            machine.kernel.vfs.irqs.iter_mut().find(|row| row.irq == irq).and_then(|row| row.counts.get_mut(cpu))
        {
            *count += 1;
        }
        let line = machine.irqs.lines.lines.entry(irq).or_default();
        if line.disabled > 0 || line.in_progress || line.oneshot > 0 {
            line.pending = true;
            return false;
        }
        line.in_progress = true;
        true
    });
    if !begins {
        return;
    }
    loop {
        let mut index = 0;
        let mut handled = TAKEN.iter().any(|row| row.0 == irq);
        let next = |index: usize| {
            enter(|machine, _| {
                let action = machine.irqs.lines.lines.get(&irq)?.actions.get(index)?;
                Some((action.handler, action.dev))
            })
        };
        while let Some((handler, dev)) = next(index) {
            let ret = if handler == 0 {
                WAKE_THREAD
            } else {
                let ret = call3(handler, u64::from(irq), dev, 0) as i32;
                crate::choice::ends(IRQ_LINES + u64::from(irq));
                ret
            };
            handled |= enter(|machine, _| machine.handler_returned(irq, index, ret));
            index += 1;
        }
        let again = enter(|machine, _| {
            let Some(line) = machine.irqs.lines.lines.get_mut(&irq) else { return false };
            line.unhandled = if handled { 0 } else { line.unhandled + 1 };
            let again = line.pending && line.disabled == 0 && line.oneshot == 0;
            if again {
                line.pending = false;
            } else {
                line.in_progress = false;
            }
            again
        });
        if !again {
            return;
        }
    }
}

impl Machine {
    /// Looks at what a handler left; whether it had something to do.
    fn handler_returned(&mut self, irq: u32, index: usize, ret: i32) -> bool {
        let level = is_level(self.irqs.lines.lines.get(&irq), irq);
        if ret & WAKE_THREAD != 0 {
            let Some(line) = self.irqs.lines.lines.get_mut(&irq) else { return true };
            let Some(action) = line.actions.get_mut(index) else { return true };
            match action.thread {
                Some(thread) => {
                    if level && action.flags & ONESHOT != 0 {
                        line.oneshot += 1;
                    }
                    self.wake_irq_thread(thread, level);
                }
                None if !action.warned => {
                    action.warned = true;
                    let text = format!(
                        "IRQ {irq} device {} returned IRQ_WAKE_THREAD but no thread function available.",
                        action.name
                    );
                    self.print(Level::Warning, text);
                }
                None => {}
            }
        }
        ret & (HANDLED | WAKE_THREAD) != 0
    }

    fn wake_irq_thread(&mut self, id: TaskId, masked: bool) {
        let Some(thread) = self.irqs.lines.threads.get_mut(&id) else { return };
        if thread.wanted {
            // Already on its way: it will not unmask the line twice.
            if masked && let Some(line) = self.irqs.lines.lines.get_mut(&thread.irq) {
                line.oneshot = line.oneshot.saturating_sub(1);
            }
            return;
        }
        thread.wanted = true;
        self.kernel.wake_up_process(id);
    }
}

/// `request_threaded_irq()`: 0, `-EINVAL` for a line there is not or flags that contradict each other, `-EBUSY` if it
/// is taken.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn request_threaded_irq(
    irq: u32,
    handler: u64,
    thread_fn: u64,
    flags: u64,
    name: u64,
    dev: u64,
) -> i32 {
    might_sleep("request_threaded_irq");
    or_oops(enter(|machine, current| {
        let shared = flags & SHARED != 0;
        if (shared && (dev == 0 || flags & NO_AUTOEN != 0))
            || irq >= LINES
            || irq == CASCADE
            || (handler == 0 && thread_fn == 0)
        {
            return Ok(-Errno::EINVAL.0);
        }
        let text = if name == 0 { "(null)".to_string() } else { machine.name_at(name)? };
        let own = TAKEN.iter().find(|row| row.0 == irq).map(|row| (row.1, row.2.to_string()));
        let first = machine.irqs.lines.lines.get(&irq).and_then(|line| line.actions.first());
        if let Some((old, other)) = own.or(first.map(|action| (action.flags, action.name.clone()))) {
            let trigger = |flags: u64| flags & TRIGGER_MASK;
            let differ = trigger(old) != trigger(flags) && trigger(old) != 0 && trigger(flags) != 0;
            if old & flags & SHARED == 0 || differ || (old ^ flags) & ONESHOT != 0 {
                if flags & PROBE_SHARED == 0 {
                    let line =
                        format!("genirq: Flags mismatch irq {irq}. {flags:08x} ({text}) vs. {old:08x} ({other})");
                    machine.print(Level::Err, line);
                }
                return Ok(-Errno::EBUSY.0);
            }
        } else if handler == 0 && flags & ONESHOT == 0 {
            let line = format!("genirq: Threaded irq requested with handler=NULL and !ONESHOT for {text} (irq {irq})");
            machine.print(Level::Err, line);
            return Ok(-Errno::EINVAL.0);
        }
        let mut thread = None;
        if thread_fn != 0 {
            let full = format!("irq/{irq}-{text}");
            let body = irq_thread as *const () as u64;
            let Ok(id) = machine.kernel.kthread_create(current, body, 0, full.as_bytes(), None) else {
                return Ok(-Errno::ENOMEM.0);
            };
            let _ = machine.kernel.set_scheduler(id, SCHED_FIFO, 50);
            machine.kernel.get_task(id);
            let oneshot = flags & ONESHOT != 0;
            let state = Thread { irq, func: thread_fn, dev, wanted: false, running: false, oneshot };
            machine.irqs.lines.threads.insert(id, state);
            thread = Some(id);
        }
        let requested = machine.kernel.event_here();
        let line = machine.irqs.lines.lines.entry(irq).or_default();
        if line.actions.is_empty() {
            (line.disabled, line.pending) = (u32::from(flags & NO_AUTOEN != 0), false);
        }
        line.actions.push(Action {
            name: text,
            name_addr: name,
            handler,
            thread_fn,
            requested,
            dev,
            flags,
            thread,
            warned: false,
        });
        machine.show_line(irq);
        if let Some(thread) = thread {
            machine.kernel.wake_kthread(thread);
        }
        Ok(0)
    }))
}

/// `request_any_context_irq()`: `IRQC_IS_HARDIRQ` (0) or an error.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn request_any_context_irq(irq: u32, handler: u64, flags: u64, name: u64, dev: u64) -> i32 {
    request_threaded_irq(irq, handler, 0, flags, name, dev)
}

/// The thread of a line: runs its function once for each time it was wanted, also when it is stopped meanwhile.
extern "C" fn irq_thread(_data: u64) -> i32 {
    loop {
        let next = or_oops(blocking(|machine, current, _| {
            let thread = machine.irqs.lines.threads.get_mut(&current);
            if let Some(thread) = thread
                && std::mem::take(&mut thread.wanted)
            {
                thread.running = true;
                machine.kernel.tasks[current].c.set_task_state(0);
                return Ok(Op::Done(Some((thread.irq, thread.func, thread.dev))));
            }
            if machine.kernel.kthread_should_stop(current) {
                return Ok(Op::Done(None));
            }
            machine.kernel.tasks[current].c.set_task_state(TASK_INTERRUPTIBLE);
            machine.kernel.block_on(current, BlockedOn::Other("irq_thread"));
            Ok(Op::Block)
        }));
        let Some((irq, func, dev)) = next else { return 0 };
        call3(func, u64::from(irq), dev, 0);
        enter(|machine, current| machine.irq_thread_done(current));
    }
}

impl Machine {
    /// The thread's function returned: unmasks a level line, wakes those in `synchronize_irq()`.
    fn irq_thread_done(&mut self, id: TaskId) {
        let Some(thread) = self.irqs.lines.threads.get_mut(&id) else { return };
        thread.running = false;
        for waiter in std::mem::take(&mut self.irqs.lines.waiters) {
            self.kernel.try_to_wake_up(waiter, TASK_UNINTERRUPTIBLE);
        }
        let Some(thread) = self.irqs.lines.threads.get(&id) else { return };
        let (irq, oneshot) = (thread.irq, thread.oneshot);
        let mut raise = false;
        if let Some(line) = self.irqs.lines.lines.get_mut(&irq)
            && oneshot
            && line.oneshot > 0
        {
            line.oneshot -= 1;
            raise = line.oneshot == 0 && line.disabled == 0 && std::mem::take(&mut line.pending);
        }
        if raise {
            let _ = self.raise_irq(irq);
        }
    }

    /// Whether a handler or a thread of the line is at work.
    fn line_busy(&self, irq: u32) -> bool {
        let state = &self.irqs.lines;
        state.lines.get(&irq).is_some_and(|line| line.in_progress)
            || state.threads.values().any(|thread| thread.irq == irq && thread.running)
    }
}

/// `free_irq()`: the name given, NULL if there is no such function on the line. Waits until a handler that runs has
/// returned and the thread has ended.
///
/// # Context
/// Process context; may sleep. From the line's own handler it would wait for ever.
pub(crate) extern "C" fn free_irq(irq: u32, dev: u64) -> u64 {
    might_sleep("free_irq");
    let (name, thread) = enter(|machine, _| {
        if irq >= LINES || irq == CASCADE {
            return (0, None);
        }
        let line = machine.irqs.lines.lines.entry(irq).or_default();
        let Some(at) = line.actions.iter().position(|action| action.dev == dev) else {
            machine.warn_kernel_text(
                &format!("Trying to free already-free IRQ {irq}"),
                "kernel/irq/manage.c",
                1895,
                "free_irq",
            );
            return (0, None);
        };
        let action = line.actions.remove(at);
        machine.show_line(irq);
        (action.name_addr, action.thread)
    });
    wait_idle(irq, false);
    if let Some(thread) = thread {
        or_oops(blocking(|machine, current, progress| machine.kernel.kthread_stop(current, thread, progress)));
        enter(|machine, _| {
            machine.irqs.lines.threads.remove(&thread);
            machine.kernel.put_task(thread);
        });
    }
    name
}

/// Waits for running handlers (they are on another CPU, or this spins for ever), then, if asked, for threads.
fn wait_idle(irq: u32, threads: bool) {
    or_oops(blocking(|machine, _, _| {
        machine.kernel.touched.note(IRQ_LINES + u64::from(irq), Manner::Read);
        if machine.irqs.lines.lines.get(&irq).is_none_or(|line| !line.in_progress) {
            return Ok(Op::Done(()));
        }
        machine.kernel.spin_step();
        Ok(Op::Spin)
    }));
    if !threads {
        return;
    }
    or_oops(blocking(|machine, current, _| {
        if !machine.line_busy(irq) {
            return Ok(Op::Done(()));
        }
        let waiters = &mut machine.irqs.lines.waiters;
        if !waiters.contains(&current) {
            waiters.push(current);
        }
        machine.kernel.tasks[current].c.set_task_state(TASK_UNINTERRUPTIBLE);
        machine.kernel.block_on(current, BlockedOn::Other("synchronize_irq"));
        Ok(Op::Block)
    }));
}

/// `disable_irq_nosync()`: masks the line; nests. What is raised meanwhile is handled when it is enabled again, once.
///
/// # Context
/// Any.
pub(crate) extern "C" fn disable_irq_nosync(irq: u32) {
    enter(|machine, _| machine.irqs.lines.lines.entry(irq).or_default().disabled += 1);
}

/// `disable_irq()`: and waits for its handlers and threads.
///
/// # Context
/// Process context; may sleep. From the line's own handler it spins for ever.
pub(crate) extern "C" fn disable_irq(irq: u32) {
    disable_irq_nosync(irq);
    synchronize_irq(irq);
}

/// `enable_irq()`: undoes one disable; warns when the line is enabled.
///
/// # Context
/// Any.
pub(crate) extern "C" fn enable_irq(irq: u32) {
    enter(|machine, _| {
        let raise = match machine.irqs.lines.lines.get_mut(&irq) {
            Some(line) if line.disabled > 0 => {
                line.disabled -= 1;
                line.disabled == 0 && std::mem::take(&mut line.pending)
            }
            _ => {
                machine.warn_kernel_text(
                    &format!("Unbalanced enable for IRQ {irq}"),
                    "kernel/irq/manage.c",
                    774,
                    "__enable_irq",
                );
                false
            }
        };
        if raise {
            let _ = machine.raise_irq(irq);
        }
    });
}

/// `synchronize_irq()`: returns when no handler and no thread of the line runs.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn synchronize_irq(irq: u32) {
    might_sleep("synchronize_irq");
    wait_idle(irq, true);
}

/// `synchronize_hardirq()`: does not wait for threads; true if none runs.
///
/// # Context
/// Any but the line's own handler.
pub(crate) extern "C" fn synchronize_hardirq(irq: u32) -> bool {
    wait_idle(irq, false);
    enter(|machine, _| !machine.line_busy(irq))
}

/// `disable_hardirq()`: as `disable_irq()` without waiting for threads; true if none runs.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn disable_hardirq(irq: u32) -> bool {
    disable_irq_nosync(irq);
    synchronize_hardirq(irq)
}

/// `irq_wake_thread()`: nothing for a line or a device that has no thread.
///
/// # Context
/// Any.
pub(crate) extern "C" fn irq_wake_thread(irq: u32, dev: u64) {
    enter(|machine, _| {
        let line = machine.irqs.lines.lines.get(&irq);
        let action = line.and_then(|line| line.actions.iter().find(|action| action.dev == dev));
        if let Some(thread) = action.and_then(|action| action.thread) {
            machine.wake_irq_thread(thread, false);
        }
    });
}

/// `irq_set_affinity()`: the line's interrupts come on the first CPU of the mask; 0, `-EINVAL` if it is empty.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn irq_set_affinity(irq: u32, mask: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let wanted = machine.get_u64(mask)? & machine.kernel.online_mask();
        if irq >= LINES || wanted == 0 {
            return Ok(-Errno::EINVAL.0);
        }
        machine.irqs.lines.lines.entry(irq).or_default().cpu = wanted.trailing_zeros();
        Ok(0)
    }))
}

/// `irq_set_affinity_hint()`: as [`irq_set_affinity`]; NULL takes the hint back.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn irq_set_affinity_hint_kloom(irq: u32, mask: u64) -> i32 {
    match mask {
        _ if irq >= LINES => -Errno::EINVAL.0,
        0 => 0,
        mask => {
            irq_set_affinity(irq, mask);
            0
        }
    }
}

/// `irq_set_irq_type()`: 0 or `-EINVAL`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn irq_set_irq_type(irq: u32, _kind: u32) -> i32 {
    if irq < LINES { 0 } else { -Errno::EINVAL.0 }
}

/// `irq_inject_interrupt()`: 0 or `-EINVAL`.
///
/// # Context
/// Any.
pub(crate) extern "C" fn irq_inject_interrupt(irq: u32) -> i32 {
    enter(|machine, _| machine.raise_irq(irq)).map_or_else(|errno| -errno.0, |()| 0)
}

/// Whether it has functions (`irq_has_action()`).
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn irq_has_action(irq: u32) -> i32 {
    enter(|machine, _| {
        let taken = TAKEN.iter().any(|row| row.0 == irq);
        i32::from(taken || machine.irqs.lines.lines.get(&irq).is_some_and(|line| !line.actions.is_empty()))
    })
}

crate::exports![
    plain: request_threaded_irq, request_any_context_irq, free_irq, disable_irq, disable_irq_nosync, disable_hardirq,
        enable_irq, synchronize_irq, synchronize_hardirq, irq_wake_thread, irq_set_affinity, irq_set_affinity_hint_kloom,
        irq_set_irq_type, irq_has_action, irq_inject_interrupt;
    variadic: ;
    named:
];
