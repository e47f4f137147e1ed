//! Words for faults of memory: freed, foreign, broken.

use crate::event::{Access, AccessKind, Event, Object, ObjectKind};
use crate::fault::{Fault, InvalidFree, ListDamage, RefcountMisuse};
use crate::site::Site;
use crate::wording::patch;
use crate::wording::phrase::{access, actor, acts, an_object, by, bytes, call, errno, name, object, plural, time, who};
use crate::wording::story::Story;
use crate::wording::threads::{keep_task_alive, task_title};

/// Tells faults of this group; `false` for others.
pub(super) fn tell(story: &mut Story<'_>, fault: &Fault) -> bool {
    match fault {
        Fault::UseAfterFree { object: target, created, freed, used, offset, references_taken } => {
            use_after_free(story, target, created.as_ref(), freed, used, *offset, *references_taken)
        }
        Fault::OutOfBounds { object: target, created, used, offset } => {
            out_of_bounds(story, target, created.as_ref(), used, *offset)
        }
        Fault::DoubleFree { object: target, created, freed, again } => {
            story.title(format!("{} frees {} a second time", actor(again), an_object(target)));
            story.step_if(created.as_ref(), |event| format!("allocated {}", by(event)));
            story.step(freed, format!("freed {}", by(freed)));
            story.blame(again, format!("freed again {}", by(again)));
            story.linux(format!(
                "with CONFIG_KASAN: \"BUG: KASAN: double-free in {}\"; without, the allocator's free list is corrupted and something unrelated breaks later",
                function(again)
            ));
            story.help("free it in one place only, or set the pointer to `NULL` after the first `kfree()`: `kfree(NULL)` does nothing");
        }
        Fault::InvalidFree { freed, address, why } => invalid_free(story, freed, *address, why),
        Fault::UninitObject { object: target, used } => {
            story.title(format!("{} uses {}, which was never initialised", actor(used), object(target)));
            if let Some(declared) = &target.declared {
                story.place("declared here, without an initialiser", declared, &target.name);
            }
            story.blame(used, format!("used {}", by(used)));
            story.linux("a NULL pointer dereference on the empty list inside it, or with lock debugging \"BUG: spinlock bad magic\" or \"INFO: trying to register non-static key.\"");
            let (initialise, declare) = initialisers(target.kind);
            let fix =
                target.declared.as_ref().and_then(|site| patch::static_initialiser(story.lines, site, &target.name));
            if fix.is_some() {
                story.help_patch("declare and initialise it in one", fix);
            } else {
                story.help(format!("call `{initialise}` before the first use, or declare it with `{declare}`"));
            }
        }
        Fault::NullDeref { used, pointer, returned } => null_deref(story, used, pointer.as_deref(), returned.as_ref()),
        Fault::WildAccess { used } => {
            story.title(format!(
                "{} {} address {:#x}, which belongs to nothing",
                actor(&used.event),
                acts(used),
                used.address
            ));
            story.blame(&used.event, format!("{} {}", access(used), by(&used.event)));
            story.note("it is not in the heap, in a stack or in the data of a loaded module: most likely a pointer that was never set, or was overwritten");
            story.linux(page_fault(used.address));
            story.help(
                "find out where the pointer comes from: initialise it, and set it to `NULL` when its target goes away",
            );
        }
        Fault::UserAccess { used, pointer } => {
            let pointer = pointer
                .as_deref()
                .map_or_else(|| "a user-space pointer".to_owned(), |pointer| format!("user-space pointer `{pointer}`"));
            story.title(format!("{} {} {pointer} directly", actor(&used.event), through(used)));
            story.blame(&used.event, format!("{} at {:#x} {}", access(used), used.address, by(&used.event)));
            story.note("a user pointer may be invalid, paged out or aimed at the kernel; the copy functions check it and survive a fault");
            story.linux("on CPUs with SMAP \"BUG: unable to handle page fault for address: 00007f…\" although the address is valid for the process; elsewhere a security hole");
            story.help(if used.kind == AccessKind::Write {
                "use `copy_to_user()` or `put_user()`, and return `-EFAULT` when it fails"
            } else {
                "use `copy_from_user()`, `get_user()` or `strncpy_from_user()`, and return `-EFAULT` when it fails"
            });
        }
        Fault::ErrPtrMisuse { returned, errno: error, used, null_check } => {
            err_ptr(story, returned, *error, used, null_check.as_ref())
        }
        Fault::KernelStackOverflow { at, size_bytes, frames, recursion } => {
            stack_overflow(story, at, *size_bytes, frames, *recursion)
        }
        Fault::StackSmashed { at, written } => {
            story.title(format!("{} wrote past the end of a local variable", actor(at)));
            story.step_if(written.as_ref().map(|written| &written.event), |event| format!("written {}", by(event)));
            story.blame(at, format!("noticed on return from {}", name(function(at))));
            story.linux(format!(
                "\"Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: {}\"",
                function(at)
            ));
            story
                .help("check the length before writing into the array; use `strscpy()` and `snprintf()` with `sizeof`");
        }
        Fault::BadList { at, damage, object: target, earlier } => {
            bad_list(story, at, *damage, target.as_ref(), earlier.as_ref())
        }
        Fault::RefcountMisuse { object: target, misuse, at, earlier } => {
            let (what, linux) = match misuse {
                RefcountMisuse::AddOnZero => ("was incremented from zero", "addition on 0; use-after-free."),
                RefcountMisuse::Underflow => ("was decremented below zero", "underflow; use-after-free."),
                RefcountMisuse::Saturated => ("grew beyond its range", "saturated; leaking memory."),
            };
            story.title(format!("{} {what} by {}", object(target), actor(at)));
            story.step_if(earlier.as_ref(), |event| {
                format!("last changed by {} {}", call(event, "an access"), by(event))
            });
            story.blame(at, format!("{what} {}", by(at)));
            story.linux(format!("\"refcount_t: {linux}\" with a call trace"));
            story.help(match misuse {
                RefcountMisuse::AddOnZero => "at zero the object is dead: take references only through one you hold, or with `refcount_inc_not_zero()`",
                RefcountMisuse::Underflow => "each put needs a get before it: look for a path that puts twice",
                RefcountMisuse::Saturated => "each get needs a put after it: look for a path that forgets it",
            });
        }
        _ => return false,
    }
    true
}

/// Names the function an event is in, for the texts of Linux's own reports.
fn function(event: &Event) -> &str {
    match &event.site {
        Some(site) if !site.function.is_empty() => &site.function,
        _ => "…",
    }
}

/// Writes how an access goes through a pointer.
fn through(access: &Access) -> &'static str {
    match access.kind {
        AccessKind::Read => "reads through",
        AccessKind::Write => "writes through",
        AccessKind::Atomic => "updates memory through",
        AccessKind::Execute => "calls",
        AccessKind::Call => "uses",
    }
}

/// Writes the first line of a page-fault oops.
fn page_fault(address: u64) -> String {
    // Bits 47..63 of an x86-64 address must be equal; otherwise it faults as a general protection error.
    let top = address >> 47;
    if top == 0 || top == (1 << 17) - 1 {
        format!("\"BUG: unable to handle page fault for address: {address:016x}\", an oops that kills the task")
    } else {
        format!(
            "\"general protection fault, probably for non-canonical address {address:#x}\", an oops that kills the task"
        )
    }
}

fn use_after_free(
    story: &mut Story<'_>,
    target: &Object,
    created: Option<&Event>,
    freed: &Event,
    used: &Access,
    offset: u64,
    references_taken: u64,
) {
    let event = &used.event;
    let title = task_title(target, event).unwrap_or_else(|| match target.kind {
        ObjectKind::Stack => {
            format!("{} {} the stack of a thread or system call that has ended", actor(event), acts(used))
        }
        ObjectKind::ModuleData => format!("{} {} {} of an unloaded module", actor(event), acts(used), object(target)),
        _ => format!("{} {} {} after it was freed", actor(event), acts(used), an_object(target)),
    });
    story.title(title);
    let is_task = target.kind == ObjectKind::Task;
    let note = if is_task && references_taken == 0 { "; the module kept a pointer but took no reference" } else { "" };
    story.step_if(created, |event| format!("created {}{note}", by(event)));
    // Of a stack it is not known when it was given back.
    if target.kind != ObjectKind::Stack {
        story.step(
            freed,
            match target.kind {
                ObjectKind::Task => {
                    format!("the last reference was dropped after the thread had ended, t={}", time(freed.time_ns))
                }
                ObjectKind::ModuleData => format!("the module was unloaded {}", by(freed)),
                _ => format!("freed {}", by(freed)),
            },
        );
    }
    story.blame(event, format!("{} {}", access(used), by(event)));
    if is_task {
        story.note(format!(
            "references: the task's own, dropped after its exit; taken by the module: {}",
            if references_taken == 0 { "none".to_owned() } else { references_taken.to_string() }
        ));
        story.note("`kthread_stop()` on a thread that may exit by itself is only allowed while the caller holds a reference to the task");
        story.linux("\"refcount_t: addition on 0; use-after-free.\", with CONFIG_KASAN a use-after-free report, or silent corruption");
        keep_task_alive(story);
        return;
    }
    if offset > 0 {
        story.note(format!("the access is {} into the {}", bytes(offset), object(target)));
    }
    story.linux(format!(
        "with CONFIG_KASAN: \"BUG: KASAN: use-after-free in {}\"; without, whoever owns the memory next is corrupted",
        function(event)
    ));
    story.help(match target.kind {
        ObjectKind::Stack => "memory that another task uses must outlive both: allocate it with `kmalloc()`, or wait for the other task before returning",
        ObjectKind::ModuleData => "stop everything that uses the module's data before the exit function returns",
        ObjectKind::Timer | ObjectKind::Hrtimer => "call `del_timer_sync()` (`hrtimer_cancel()`) before freeing what contains the timer",
        ObjectKind::Work => "call `cancel_work_sync()` before freeing what contains the work item",
        _ => "free it only after its last user is done: stop the thread, cancel the timer or work first, or count references",
    });
}

fn out_of_bounds(story: &mut Story<'_>, target: &Object, created: Option<&Event>, used: &Access, offset: i64) {
    let place = match u64::try_from(offset) {
        Err(_) => format!("{} before the start of", bytes(offset.unsigned_abs())),
        Ok(offset) if offset >= target.size => match offset - target.size {
            0 => "right behind the end of".to_owned(),
            gap => format!("{} behind the end of", bytes(gap)),
        },
        Ok(_) => "across the end of".to_owned(),
    };
    story.title(format!(
        "{} {} {} that lies {place} {}",
        actor(&used.event),
        acts(used),
        bytes(used.size),
        an_object(target)
    ));
    match created {
        Some(created) => story.step(created, format!("{} allocated {}", bytes(target.size), by(created))),
        None => {
            if let Some(declared) = &target.declared {
                story.place(format!("declared here with {}", bytes(target.size)), declared, &target.name);
            }
        }
    }
    story.blame(&used.event, format!("{} {}", access(used), by(&used.event)));
    let kind = if matches!(target.kind, ObjectKind::ModuleData) { "global" } else { "slab" };
    story.linux(format!(
        "with CONFIG_KASAN: \"BUG: KASAN: {kind}-out-of-bounds in {}\"; without, a neighbour is read or overwritten",
        function(&used.event)
    ));
    story.help("compare index and length with the size of the memory; for strings remember the terminating zero");
}

fn invalid_free(story: &mut Story<'_>, freed: &Event, address: u64, why: &InvalidFree) {
    let free = call(freed, "the free");
    match why {
        InvalidFree::NotHeap { object: target } => {
            let what = target.as_ref().map_or_else(
                || format!("address {address:#x}, which no allocator gave out"),
                |target| format!("{}, which no allocator gave out", object(target)),
            );
            story.title(format!("{free} got {what}"));
            if let Some(declared) = target.as_ref().and_then(|target| target.declared.as_ref()) {
                story.place("declared here", declared, "");
            }
            story.blame(freed, format!("called {}", by(freed)));
            story.help("free only what an allocation returned; static data and local variables go away by themselves");
        }
        InvalidFree::Inside { object: target, offset, created } => {
            story.title(format!("{free} got a pointer into the middle of {}", an_object(target)));
            story.step(created, format!("allocated {}", by(created)));
            story.blame(freed, format!("{} after the start of the block; {}", bytes(*offset), by(freed)));
            story.help("keep the pointer that the allocation returned and free that one");
        }
        InvalidFree::WrongFunction { object: target, created } => {
            story.title(format!(
                "{free} got {}, which came from {}",
                an_object(target),
                call(created, "another allocator")
            ));
            story.step(created, format!("allocated {}", by(created)));
            story.blame(freed, format!("freed with the wrong function {}", by(freed)));
            story.help("pair them: `kmalloc()`/`kfree()`, `vmalloc()`/`vfree()`, `kvmalloc()`/`kvfree()`, `kmem_cache_alloc()`/`kmem_cache_free()`, `alloc_pages()`/`__free_pages()`");
        }
    }
    story.linux(format!(
        "with CONFIG_KASAN: \"BUG: KASAN: invalid-free in {}\"; without, an oops in the allocator or silent corruption",
        function(freed)
    ));
}

/// Returns how an object of this kind is initialised at run time and at its declaration.
fn initialisers(kind: ObjectKind) -> (&'static str, &'static str) {
    match kind {
        ObjectKind::Mutex => ("mutex_init()", "DEFINE_MUTEX()"),
        ObjectKind::Spinlock => ("spin_lock_init()", "DEFINE_SPINLOCK()"),
        ObjectKind::Rwlock => ("rwlock_init()", "DEFINE_RWLOCK()"),
        ObjectKind::Semaphore => ("sema_init()", "DEFINE_SEMAPHORE()"),
        ObjectKind::RwSemaphore => ("init_rwsem()", "DECLARE_RWSEM()"),
        ObjectKind::Seqlock => ("seqlock_init()", "DEFINE_SEQLOCK()"),
        ObjectKind::WaitQueue => ("init_waitqueue_head()", "DECLARE_WAIT_QUEUE_HEAD()"),
        ObjectKind::Completion => ("init_completion()", "DECLARE_COMPLETION()"),
        ObjectKind::Timer => ("timer_setup()", "DEFINE_TIMER()"),
        ObjectKind::Hrtimer => ("hrtimer_init()", "hrtimer_init()"),
        ObjectKind::Work => ("INIT_WORK()", "DECLARE_WORK()"),
        ObjectKind::Tasklet => ("tasklet_setup()", "DECLARE_TASKLET()"),
        ObjectKind::List => ("INIT_LIST_HEAD()", "LIST_HEAD()"),
        ObjectKind::KthreadWorker => ("kthread_init_worker()", "DEFINE_KTHREAD_WORKER()"),
        _ => ("its init function", "its static initialiser"),
    }
}

fn null_deref(story: &mut Story<'_>, used: &Access, pointer: Option<&str>, returned: Option<&Event>) {
    let event = &used.event;
    let pointer =
        pointer.map_or_else(|| "a `NULL` pointer".to_owned(), |pointer| format!("`{pointer}`, which is `NULL`"));
    story.title(format!("{} {} {pointer}", actor(event), through(used)));
    story.step_if(returned, |event| format!("{} returned `NULL`; called {}", call(event, "this call"), by(event)));
    let offset = if used.address == 0 { String::new() } else { format!(" at offset {}", used.address) };
    story.blame(event, format!("{}{offset} {}", access(used), by(event)));
    story.linux(format!(
        "\"BUG: kernel NULL pointer dereference, address: {:016x}\", an oops that kills the task; locks it held stay locked",
        used.address
    ));
    story.help(if returned.is_some() {
        "test the result before using it, and return `-ENOMEM` (or what fits) when it is `NULL`"
    } else {
        "if the pointer comes from a call that can fail, test it before its first use; otherwise set it before the thread that uses it can run"
    });
}

fn err_ptr(story: &mut Story<'_>, returned: &Event, error: i32, used: &Event, null_check: Option<&Site>) {
    let source = call(returned, "the call");
    story.title(format!("{} got the error {} of {source} as if it were a pointer", actor(used), errno(error)));
    story.step(returned, format!("called {}; it failed and returned an error pointer, never `NULL`", by(returned)));
    if let Some(check) = null_check {
        let event = Event::new(returned.who.clone(), returned.time_ns, Some(check.clone()), "");
        story.step(&event, "compared with `NULL` here, which an error pointer is not");
    }
    story.blame(used, format!("used {}", by(used)));
    story.linux(format!(
        "\"BUG: unable to handle page fault for address: {:016x}\"",
        i64::from(error).wrapping_neg().cast_unsigned()
    ));
    let fix = null_check.and_then(|site| patch::null_check(story.lines, site));
    story.help_patch("test the result with `IS_ERR()`, and pass `PTR_ERR()` on", fix);
}

fn stack_overflow(story: &mut Story<'_>, at: &Event, size: u64, frames: &[(String, u64)], recursion: Option<u64>) {
    story.title(format!("{} needs more than the {} of kernel stack that {} has", actor(at), bytes(size), who(&at.who)));
    story.blame(at, format!("the stack ends here, t={}", time(at.time_ns)));
    if let Some(depth) = recursion {
        story.note(format!("the recursion is {} deep", plural(depth, "call")));
    }
    if !frames.is_empty() {
        let list: Vec<_> =
            frames.iter().take(5).map(|(function, size)| format!("{} {}", name(function), bytes(*size))).collect();
        story.note(format!("biggest frames: {}", list.join(", ")));
    }
    story.linux(
        "\"BUG: TASK stack guard page was hit\" and the task dies (CONFIG_VMAP_STACK); without it, silent corruption",
    );
    story.help("big arrays belong into `kmalloc()` memory, and recursion into a loop with a bound");
}

fn bad_list(story: &mut Story<'_>, at: &Event, damage: ListDamage, target: Option<&Object>, earlier: Option<&Event>) {
    let entry = target.map_or_else(|| "a list entry".to_owned(), object);
    let operation = call(at, "the list operation");
    let (what, linux, advice) = match damage {
        ListDamage::AlreadyDeleted => (
            "that was deleted before",
            "\"list_del corruption, …->next is LIST_POISON1\"",
            "delete it once; use `list_del_init()` and `list_empty()` when it may be off the list already",
        ),
        ListDamage::NeverAdded => (
            "that is on no list",
            "a NULL pointer dereference, or \"list_del corruption\"",
            "initialise it with `INIT_LIST_HEAD()` and delete it only after it was added",
        ),
        ListDamage::AlreadyAdded => (
            "that is on a list already",
            "\"list_add double add\" or \"list_add corruption\"",
            "take it off its list first, or use `list_move()`",
        ),
        ListDamage::Neighbours => (
            "whose neighbours do not point back",
            "\"list_add corruption\" or \"list_del corruption. prev->next should be …, but was …\"",
            "hold one lock around every change of the list, and never free an entry that is still on it",
        ),
    };
    story.title(format!("{operation} got {entry} {what}"));
    story.step_if(earlier, |event| format!("{} {}", call(event, "changed"), by(event)));
    story.blame(at, format!("called {}", by(at)));
    story.linux(format!("with CONFIG_DEBUG_LIST {linux} and \"kernel BUG at lib/list_debug.c\"; without, corruption"));
    story.help(advice);
}
