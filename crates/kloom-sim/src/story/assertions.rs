//! The module's own assertions, calls Linux no longer has, formats it cannot print.

use kloom_diag::{Fault as Told, Site};
use kloom_kernel::fault::{Fault, Report};
use kloom_shim::Machine;

use super::Story;
use super::memory;
use super::resolve::Address;
use super::source;

/// Since which version Linux does not have a call any more (for modules: exported, or declared), by the name that the
/// shims and headers note.
const REMOVED_IN: &[(&str, &str)] = &[
    ("complete_and_exit", "5.17"),
    ("cpu_down", "5.7"),
    ("cpu_up", "5.7"),
    ("create_proc_entry", "3.10"),
    ("create_proc_read_entry", "3.10"),
    ("current_kernel_time", "4.20"),
    ("daemonize", "3.8"),
    ("do_exit", "5.17"),
    ("do_gettimeofday", "5.0"),
    ("file_operations.ioctl", "2.6.36"),
    ("find_module", "5.12"),
    ("find_task_by_pid", "2.6.31"),
    ("force_sig with two arguments", "5.3"),
    ("get_fs", "5.18"),
    ("get_monotonic_boottime", "5.5"),
    ("get_seconds", "5.0"),
    ("getnstimeofday", "5.0"),
    ("getrawmonotonic", "4.20"),
    ("init_timer", "4.15"),
    ("INIT_WORK() with three arguments", "2.6.20"),
    ("interruptible_sleep_on", "3.15"),
    ("interruptible_sleep_on_timeout", "3.15"),
    ("kallsyms_lookup_name", "5.7"),
    ("kallsyms_on_each_symbol", "5.7"),
    ("kernel_thread", "3.7"),
    ("kill_proc", "2.6.27"),
    ("ktime_get_ts", "5.6"),
    ("lock_kernel", "2.6.39"),
    ("module_mutex", "5.12"),
    ("PDE_DATA", "5.17"),
    ("prandom_u32", "6.1"),
    ("proc_create() with struct file_operations", "5.6"),
    ("register_cpu_notifier", "4.10"),
    ("sched_setattr", "5.9"),
    ("sched_setscheduler", "5.9"),
    ("sched_setscheduler_nocheck", "5.9"),
    ("set_fs", "5.18"),
    ("setup_timer", "4.15"),
    ("sleep_on", "3.15"),
    ("sleep_on_timeout", "3.15"),
    ("strlcpy", "6.8"),
    ("unlock_kernel", "2.6.39"),
    ("vfs_read", "4.14"),
    ("vfs_write", "4.14"),
];

/// Tells faults of this theme; None for others.
pub(super) fn tell(story: &mut Story, machine: &Machine, report: &Report) -> Option<Told> {
    let at = &report.at;
    Some(match &report.fault {
        Fault::Bug { file, line, function, condition } => {
            let mut event = story.resolver.event(machine, at);
            if let Some(copying) = condition.strip_prefix(kloom_diag::OVERFLOW_IN) {
                event.call = copying.to_string();
            } else {
                event.site = Some(exact(event.site, file, *line, function));
                event.call = if condition.is_empty() { "BUG" } else { "BUG_ON" }.to_string();
            }
            Told::BugOn { at: event, condition: some(condition) }
        }
        Fault::Warn { file, line, function, message } => {
            let mut event = story.resolver.event(machine, at);
            let kernels_own = is_kernels(file);
            if !kernels_own {
                event.site = Some(exact(event.site, file, *line, function));
            }
            let text = event
                .site
                .as_ref()
                .and_then(|site| story.resolver.sources.line_text(&site.file, site.line))
                .unwrap_or_default();
            // The shims put a WARN_ON's condition where a WARN has its message; the source tells which it is.
            let on = text.contains("WARN_ON");
            if !kernels_own {
                event.call = if on { "WARN_ON" } else { "WARN" }.to_string();
            }
            let kernel_message = kernels_own.then(|| format!("the kernel's own check at {file}:{line} ({function})"));
            let (condition, message) =
                if on && !kernels_own { (some(message), None) } else { (None, some(message).or(kernel_message)) };
            Told::WarnOn { at: event, condition, message }
        }
        Fault::Panic { message } => Told::Panic { at: story.resolver.event(machine, at), message: message.clone() },
        Fault::NotAKthread { target } => {
            let name = super::resolve::who_task(machine, *target).comm;
            let message = format!("`{name}` is no kernel thread of a module");
            Told::WarnOn { at: story.resolver.event(machine, at), condition: None, message: Some(message) }
        }
        Fault::BadFormat { text, format } => Told::BadFormat {
            at: story.resolver.event(machine, at),
            format: without_level(format).trim_end().to_string(),
            conversion: conversion(text),
        },
        Fault::RemovedApi { name, replacement } => {
            let site = story.resolver.event(machine, at).site.unwrap_or_else(|| Site::new("", 0, "", ""));
            let removed_in =
                REMOVED_IN.iter().find(|(call, _)| call == name).map_or("6.1 at the latest", |(_, version)| version);
            Told::RemovedApi {
                call: shown_call(name),
                removed_in: removed_in.to_string(),
                replacement: replacement.clone(),
                site,
            }
        }
        Fault::InitFailed { module, ret } => {
            let mut returned = story.resolver.event_at_return(machine, at);
            if returned.site.is_none() {
                // The function is over, and which of its returns it took is not known: the function itself is shown.
                let image = machine.images.iter().rev().find(|(_, image)| image.module.name() == Some(module));
                let init = image.and_then(|(_, image)| image.symbol_addr("init_module"));
                returned.site = init.and_then(|addr| story.resolver.site(machine, addr, Address::Exact));
                if let Some(site) = &mut returned.site {
                    site.line = source::signature_line(&*story.resolver.sources, &site.file, site.line, &site.function);
                    returned.call.clone_from(&site.function);
                }
            }
            Told::InitFailed {
                module: module.clone(),
                errno: ret.unsigned_abs().min(i32::MAX as u64) as i32,
                at: returned,
                strange: *ret > 0 || *ret < -4095,
            }
        }
        _ => return memory::refused(story, machine, report),
    })
}

/// A function with its parentheses; what is more than a name stays.
fn shown_call(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { format!("{name}()") } else { name.to_string() }
}

/// The place an assertion itself names, with what else is known of it.
fn exact(site: Option<Site>, file: &str, line: u32, function: &str) -> Site {
    let file = file.trim_start_matches("./");
    match site {
        Some(site) if site.line == line => site,
        Some(site) => Site { file: file.to_string(), line, column: None, function: function.to_string(), ..site },
        None => Site::new(file, line, function, ""),
    }
}

/// Whether a file is one of Linux's own, which a check of the kernel names.
fn is_kernels(file: &str) -> bool {
    ["kernel/", "lib/", "fs/", "mm/", "init/", "drivers/"].iter().any(|tree| file.starts_with(tree))
        && file.matches('/').count() > 0
}

/// A format without the level in front of it (`KERN_SOH` and a character).
fn without_level(format: &str) -> &str {
    let mut chars = format.chars();
    if chars.next() == Some('\u{1}') && chars.next().is_some() { chars.as_str() } else { format }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_string())
}

/// The conversion a format warning is about.
fn conversion(text: &str) -> String {
    let start = text.find('%');
    start.map_or_else(
        || "%".to_string(),
        |start| {
            text[start..].split(|c: char| c.is_whitespace() || c == '\'' || c == '"').next().unwrap_or("%").to_string()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_are_cut_out_of_warnings() {
        assert_eq!(conversion("Please remove unsupported %f in format string"), "%f");
        assert_eq!(conversion("Please remove unsupported %n"), "%n");
        assert_eq!(conversion("no conversion"), "%");
    }

    #[test]
    fn files_of_linux_are_known() {
        assert!(is_kernels("kernel/kthread.c"));
        assert!(!is_kernels("kernel.c"));
        assert!(!is_kernels("heartbeat.c"));
    }
}
