//! Small phrases that all wordings share: times, sizes, tasks, objects, errors.

use crate::event::{Access, AccessKind, Context, Event, Object, ObjectKind, Who};
use crate::fault::{AtomicCause, Boundary, Proof};

/// Writes a time: `5.000123s`.
pub(crate) fn time(time_ns: u64) -> String {
    let micros = time_ns / 1_000;
    format!("{}.{:06}s", micros / 1_000_000, micros % 1_000_000)
}

/// Writes a duration as briefly as it is exact: `120s`, `4ms`, `1.5s`.
pub(crate) fn duration(duration_ns: u64) -> String {
    let (unit_ns, unit) = match duration_ns {
        0 => return "0s".to_owned(),
        1..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "us"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let whole = duration_ns / unit_ns;
    let thousandths = if unit_ns == 1 { 0 } else { duration_ns % unit_ns * 1_000 / unit_ns };
    if thousandths == 0 {
        return format!("{whole}{unit}");
    }
    let fraction = format!("{thousandths:03}");
    format!("{whole}.{}{unit}", fraction.trim_end_matches('0'))
}

/// Writes `1 byte`, `8 bytes`.
pub(crate) fn bytes(count: u64) -> String {
    plural(count, "byte")
}

/// Writes a count with its noun.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Quotes a name; says so when there is none.
pub(crate) fn name(name: &str) -> String {
    if name.is_empty() { "(unnamed)".to_owned() } else { format!("`{name}`") }
}

/// Writes a task: `` `rmmod` (pid 412) ``.
pub(crate) fn who(who: &Who) -> String {
    let task = format!("{} (pid {})", name(&who.comm), who.pid);
    match who.context {
        Context::Task | Context::User => task,
        Context::Softirq => format!("a softirq on cpu{} (interrupting {task})", who.cpu),
        Context::Hardirq => format!("an interrupt on cpu{} (interrupting {task})", who.cpu),
        Context::Init => "the boot code".to_owned(),
    }
}

/// Writes who did it and when: `` by `rmmod` (pid 412, cpu0) at t=5.000000s ``.
pub(crate) fn by(event: &Event) -> String {
    let actor = &event.who;
    match actor.context {
        Context::Task | Context::User => {
            format!("by {} (pid {}, cpu{}) at t={}", name(&actor.comm), actor.pid, actor.cpu, time(event.time_ns))
        }
        _ => format!("by {} at t={}", who(actor), time(event.time_ns)),
    }
}

/// Writes the call of an event, in backticks; `otherwise` when it is not known.
pub(crate) fn call(event: &Event, otherwise: &str) -> String {
    match event.call.as_str() {
        "" => otherwise.to_owned(),
        call if call.ends_with(crate::span::is_word) => format!("`{call}()`"),
        call => format!("`{call}`"),
    }
}

/// Writes what kind of thing an object is.
pub(crate) fn kind(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Task => "`task_struct`",
        ObjectKind::Stack => "kernel stack",
        ObjectKind::HeapBlock => "heap block",
        ObjectKind::SlabObject => "slab object",
        ObjectKind::Vmalloc => "vmalloc area",
        ObjectKind::Pages => "page block",
        ObjectKind::ModuleData => "variable",
        ObjectKind::ModuleText => "code",
        ObjectKind::Module => "module",
        ObjectKind::Mutex => "mutex",
        ObjectKind::Spinlock => "spinlock",
        ObjectKind::Rwlock => "rwlock",
        ObjectKind::Semaphore => "semaphore",
        ObjectKind::RwSemaphore => "rw_semaphore",
        ObjectKind::Seqlock => "seqlock",
        ObjectKind::WaitQueue => "wait queue",
        ObjectKind::Completion => "completion",
        ObjectKind::Timer => "timer",
        ObjectKind::Hrtimer => "hrtimer",
        ObjectKind::Work => "work item",
        ObjectKind::Workqueue => "workqueue",
        ObjectKind::Tasklet => "tasklet",
        ObjectKind::KthreadWorker => "kthread worker",
        ObjectKind::ProcEntry => "/proc entry",
        ObjectKind::Kobject => "sysfs object",
        ObjectKind::DebugfsEntry => "debugfs entry",
        ObjectKind::CharDevice => "character device",
        ObjectKind::File => "open file",
        ObjectKind::Irq => "interrupt line",
        ObjectKind::DeviceNumbers => "range of device numbers",
        ObjectKind::MiscDevice => "misc device",
        ObjectKind::Class => "class",
        ObjectKind::Device => "device",
        ObjectKind::Notifier => "notifier",
        ObjectKind::KmemCache => "slab cache",
        ObjectKind::RcuCallback => "RCU callback",
        ObjectKind::RcuReader => "RCU read section",
        ObjectKind::SrcuReader => "SRCU read section",
        ObjectKind::GracePeriod => "grace period",
        ObjectKind::WaitEntry => "wait queue entry",
        ObjectKind::List => "list",
        ObjectKind::Refcount => "reference counter",
        ObjectKind::UserMemory => "user memory",
        ObjectKind::PerCpu => "per-CPU variable",
        ObjectKind::Other => "object",
    }
}

/// Writes an object: ``mutex `lock` ``, `heap block of 64 bytes`, `` `task_struct` of `worker` ``.
pub(crate) fn object(object: &Object) -> String {
    let kind = kind(object.kind);
    match (object.kind, object.name.as_str(), object.size) {
        (ObjectKind::Task | ObjectKind::Stack, "", _) => format!("{kind} of a thread"),
        (ObjectKind::Task | ObjectKind::Stack, thread, _) => format!("{kind} of `{thread}`"),
        (_, "", 0) => kind.to_owned(),
        (_, "", size) => format!("{kind} of {}", bytes(size)),
        (_, name, _) => format!("{kind} `{name}`"),
    }
}

/// Writes `a mutex`, `an hrtimer`, as the sound asks.
fn article(noun: &str) -> String {
    let an = noun.starts_with(['a', 'e', 'i', 'o']) || noun.starts_with("hrtimer");
    format!("{} {noun}", if an { "an" } else { "a" })
}

/// Writes an object for the first time in a story: a named one as [`object`], another with its article.
pub(crate) fn an_object(target: &Object) -> String {
    let text = object(target);
    if target.name.is_empty() { article(&text) } else { text }
}

/// Writes an access: `read of 4 bytes`, `used`.
pub(crate) fn access(access: &Access) -> String {
    let verb = match access.kind {
        AccessKind::Read => "read",
        AccessKind::Write => "write",
        AccessKind::Atomic => "atomic update",
        AccessKind::Execute => return "jump".to_owned(),
        AccessKind::Call => return "used".to_owned(),
    };
    if access.size == 0 {
        return verb.to_owned();
    }
    format!("{verb} of {}", bytes(access.size))
}

/// Writes an access as the subject's act: `reads`, `writes`, `calls`.
pub(crate) fn acts(access: &Access) -> &'static str {
    match access.kind {
        AccessKind::Read => "reads",
        AccessKind::Write => "writes",
        AccessKind::Atomic => "updates",
        AccessKind::Execute => "jumps to",
        AccessKind::Call => "uses",
    }
}

/// Says who acts, for titles: the call if it is one, else the function, else the task.
pub(crate) fn actor(event: &Event) -> String {
    if !event.call.is_empty() && event.call.chars().all(crate::span::is_word) {
        return format!("`{}()`", event.call);
    }
    match &event.site {
        Some(site) if !site.function.is_empty() => format!("`{}()`", site.function),
        _ => name(&event.who.comm),
    }
}

/// Writes ` at counter.c:25`, or nothing.
pub(crate) fn at(event: &Event) -> String {
    event.site.as_ref().map_or_else(String::new, |site| format!(" at {site}"))
}

/// Says how sure a "never" is; `what` is the thing that does not come.
pub(crate) fn proof(proof: Proof, what: &str) -> String {
    match proof {
        Proof::Proved => {
            format!("verdict is proved: {what}, because nothing that could still run can change it")
        }
        Proof::Lasso => {
            format!(
                "verdict is proved: {what}, and nothing makes it: the machine comes back to the same state (variables, heap, stacks, what everybody waits for) although everyone who can run does"
            )
        }
        Proof::Bounded { limit_ns } => {
            format!("verdict is bounded: {what} within {} of virtual time", duration(limit_ns))
        }
    }
}

/// Names an errno: `-12 (ENOMEM)`.
pub(crate) fn errno(errno: i32) -> String {
    let name = match errno {
        1 => "EPERM",
        2 => "ENOENT",
        3 => "ESRCH",
        4 => "EINTR",
        5 => "EIO",
        6 => "ENXIO",
        11 => "EAGAIN",
        12 => "ENOMEM",
        13 => "EACCES",
        14 => "EFAULT",
        16 => "EBUSY",
        17 => "EEXIST",
        19 => "ENODEV",
        22 => "EINVAL",
        28 => "ENOSPC",
        34 => "ERANGE",
        38 => "ENOSYS",
        110 => "ETIMEDOUT",
        512 => "ERESTARTSYS",
        _ => return format!("{}", i64::from(errno).wrapping_neg()),
    };
    format!("-{errno} ({name})")
}

/// Says where a context has to be handed back: `the thread ends`.
pub(crate) fn boundary(boundary: Boundary) -> &'static str {
    match boundary {
        Boundary::ThreadExit => "when its thread function returned",
        Boundary::InitReturn => "when the init function returned",
        Boundary::ExitReturn => "when the exit function returned",
        Boundary::UserReturn => "on return to user space",
        Boundary::IrqReturn => "when the interrupt handler returned",
        Boundary::TimerReturn => "when the timer callback returned",
        Boundary::WorkReturn => "when the work function returned",
    }
}

/// Says why a context must not sleep: ``while holding spinlock `lock` ``.
pub(crate) fn atomic(cause: &AtomicCause) -> String {
    match cause {
        AtomicCause::Spinlock { held } => match held.as_slice() {
            [] => "while holding a spinlock".to_owned(),
            locks => {
                let locks: Vec<_> = locks.iter().map(|held| object(&held.object)).collect();
                format!("while holding {}", locks.join(" and "))
            }
        },
        AtomicCause::PreemptDisabled { .. } => "with preemption disabled".to_owned(),
        AtomicCause::IrqsDisabled { .. } => "with interrupts disabled".to_owned(),
        AtomicCause::BhDisabled { .. } => "with bottom halves disabled".to_owned(),
        AtomicCause::RcuRead { .. } => "inside an RCU read-side critical section".to_owned(),
        AtomicCause::Softirq => "in softirq context".to_owned(),
        AtomicCause::Hardirq => "in interrupt context".to_owned(),
    }
}

/// Whether a module went because its init failed: its exit function was not called then.
pub(crate) fn init_failed(unloaded: &Event) -> bool {
    unloaded.who.comm == "insmod"
}

/// Advice on what to undo in the exit function, or where it belongs if that was never called.
pub(crate) fn undo_where(advice: &str, unloaded: &Event) -> String {
    if init_failed(unloaded) {
        advice.replace("in the exit function", "on the error paths of init")
    } else {
        advice.to_owned()
    }
}

/// Tells how a module went.
pub(crate) fn gone(unloaded: &Event) -> String {
    let failed = if init_failed(unloaded) { ", because its init failed" } else { "" };
    format!("the module was unloaded {}{failed}", by(unloaded))
}

#[cfg(test)]
mod tests {
    use super::{duration, time};

    #[test]
    fn times_and_durations() {
        assert_eq!(time(5_000_123_999), "5.000123s");
        assert_eq!(time(u64::MAX), "18446744073.709551s");
        assert_eq!(duration(120_000_000_000), "120s");
        assert_eq!(duration(1_500_000), "1.5ms");
        assert_eq!(duration(7), "7ns");
        assert_eq!(duration(0), "0s");
        assert_eq!(duration(u64::MAX), "18446744073.709s");
    }
}
