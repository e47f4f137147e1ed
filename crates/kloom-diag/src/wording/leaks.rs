//! Words for what a module leaves behind, and for modules that cannot go.

use crate::event::{Event, Object};
use crate::fault::{Fault, LeakedBlocks};
use crate::wording::phrase::{at, by, bytes, call, gone, name, object, plural, time, undo_where, who};
use crate::wording::story::Story;

/// Tells faults of this group; `false` for others.
pub(super) fn tell(story: &mut Story<'_>, fault: &Fault) -> bool {
    match fault {
        Fault::LeakThread { thread, created, unloaded } => {
            story.title(format!("kthread {} is still alive after its module was unloaded", name(&thread.comm)));
            story.blame(created, format!("created {}", by(created)));
            story.step(unloaded, gone(unloaded));
            story.note("its code and data are gone: it crashes as soon as it runs module code again");
            story.linux("silence until the thread wakes up, then \"BUG: unable to handle page fault\"");
            story.help(undo_where(
                "call `kthread_stop()` in the exit function, before anything the thread uses is freed",
                unloaded,
            ));
        }
        Fault::LeakMemory { blocks, unloaded } => memory(story, blocks, unloaded),
        Fault::LeakProcEntry { path, created, unloaded } => {
            story.title(format!("`{path}` is still there after its module was unloaded"));
            story.blame(created, format!("created {}", by(created)));
            story.step(unloaded, gone(unloaded));
            story.note("its operations pointed into the module: the next access calls code that is gone");
            story.linux("silence until someone reads it or lists the directory, then \"BUG: unable to handle page fault\"; inserting the module again gives \"proc_dir_entry '…' already registered\"");
            story.help(
                "call `proc_remove()` or `remove_proc_entry()` in the exit function, and on the error paths of init",
            );
        }
        Fault::LeakTimer { object: timer, armed, expires_ns, unloaded } => {
            story.title(format!("{} is still pending after its module was unloaded", object(timer)));
            story.blame(armed, format!("armed {}", by(armed)));
            story.step(unloaded, gone(unloaded));
            story.note(format!("it fires at t={} and then calls code that is gone", time(*expires_ns)));
            story.linux("\"Kernel panic - not syncing: Fatal exception in interrupt\" when it fires");
            let undo = if armed.call.starts_with("kthread_") {
                "call `kthread_cancel_delayed_work_sync()` in the exit function, before `kthread_destroy_worker()`: it also copes with a work that queues itself again"
            } else {
                "call `del_timer_sync()` in the exit function (`hrtimer_cancel()` for an hrtimer); if the callback re-arms itself, tell it to stop first"
            };
            story.help(undo_where(undo, unloaded));
        }
        Fault::LeakReference { object: target, taken, count, unloaded } => {
            story.title(format!(
                "{} to {} {} never given back",
                plural(*count, "reference"),
                object(target),
                were(*count)
            ));
            story.blame(taken, format!("taken with {} {}", call(taken, "this"), by(taken)));
            story.step(unloaded, gone(unloaded));
            story.linux("silence: the object is never freed");
            story.help(giving_back(target));
        }
        Fault::ModuleInUse { module, tried, references, holders } => {
            story.title(format!(
                "`{module}.ko` could not be unloaded: it is in use ({})",
                plural(*references, "reference")
            ));
            for (index, holder) in holders.iter().take(8).enumerate() {
                let text = format!("reference {} taken with {} {}", index + 1, call(holder, "this"), by(holder));
                story.step(holder, text);
            }
            story.blame(tried, format!("refused {}", by(tried)));
            story.linux(format!("\"rmmod: ERROR: Module {module} is in use\""));
            story.help("close what holds it (an open file, a mounted device, another module), or give the reference back with `module_put()`");
            story.help("a thread that takes a reference to its own module keeps it from ever being unloaded: stop the thread in the exit function instead");
        }
        Fault::ModuleStuck { module, state, cause } => {
            story.title(format!("`{module}.ko` is stuck in state \"{state}\": it can neither be used nor unloaded"));
            story.blame(cause, format!("{} died in here at t={}", who(&cause.who), time(cause.time_ns)));
            story.note("the task that was loading or unloading the module is gone, so nobody finishes the job");
            story.linux("`lsmod` shows it with a count of -1 or as in use, `rmmod` answers \"Device or resource busy\", and only a reboot helps");
            story.help("mend the crash that killed the task; this report is only its consequence");
        }
        Fault::ModuleUnloadWithOpenFile { module, path, opened, unloaded } => {
            story.title(format!("`{module}.ko` went away while `{path}` was open"));
            story.step(opened, format!("opened {}", by(opened)));
            story.blame(unloaded, gone(unloaded));
            story.note("operations on the open file now call code that is gone");
            story.linux("\"BUG: unable to handle page fault\" at the next read, write or close");
            story.help("set `.owner = THIS_MODULE` in the file operations, so that an open file keeps the module");
        }
        _ => return false,
    }
    true
}

/// Chooses the verb for a count.
fn were(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// Says how a reference is given back.
fn giving_back(target: &Object) -> &'static str {
    use crate::event::ObjectKind;
    match target.kind {
        ObjectKind::Task => "pair each `get_task_struct()` with `put_task_struct()`",
        ObjectKind::Module => "pair each `try_module_get()` with `module_put()`",
        ObjectKind::File => "pair each `filp_open()` with `filp_close()`, each `fget()` with `fput()`",
        _ => "pair each get with a put, error paths included",
    }
}

/// What gives back what a function allocated.
fn releases(allocated_by: &str) -> &'static str {
    match allocated_by.trim_start_matches('_') {
        call if call.starts_with("idr_") => "idr_destroy",
        call if call.starts_with("ida_") => "ida_destroy",
        call if call.starts_with("xa_") => "xa_destroy",
        call if call.starts_with("mempool_") => "mempool_destroy",
        call if call.starts_with("alloc_percpu") => "free_percpu",
        _ => "kfree",
    }
}

fn memory(story: &mut Story<'_>, blocks: &[LeakedBlocks], unloaded: &Event) {
    let count = blocks.iter().map(|site| site.count).fold(0, u64::saturating_add);
    let total = blocks.iter().map(|site| site.bytes).fold(0, u64::saturating_add);
    story.title(format!(
        "{} ({}) allocated by the module {} never freed",
        plural(count, "block"),
        bytes(total),
        were(count)
    ));
    let by_site = |site: &LeakedBlocks| {
        format!(
            "{} with {} allocated by {}; the first {}",
            plural(site.count, "block"),
            bytes(site.bytes),
            call(&site.created, "this"),
            by(&site.created)
        )
    };
    for (index, site) in blocks.iter().take(8).enumerate() {
        if index == 0 {
            story.blame(&site.created, by_site(site));
        } else {
            story.step(&site.created, by_site(site));
        }
    }
    if let Some(rest) = blocks.get(8..).filter(|rest| !rest.is_empty()) {
        let places: Vec<_> = rest.iter().map(|site| at(&site.created)).collect();
        story.note(format!("and {} more:{}", plural(places.len() as u64, "place"), places.join(",")));
    }
    story.step(unloaded, gone(unloaded));
    story.linux("silence; with CONFIG_DEBUG_KMEMLEAK \"unreferenced object\" in /sys/kernel/debug/kmemleak");
    let release = blocks.first().map_or("kfree", |site| releases(&site.created.call));
    story.help(format!("free it with `{release}()` in the exit function, and on the error paths of init"));
}
