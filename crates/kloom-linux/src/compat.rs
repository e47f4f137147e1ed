//! What older or newer modules need to build against the headers of Linux 6.1.
//!
//! One table, [`SHIMS`]: the name a module uses, what 6.1 has instead, and the C that bridges the
//! two. Only the bridges whose name stands in the source are put into the compat header, so a
//! module of its own era is built with nothing added.

/// One bridge.
#[derive(Debug)]
pub struct Shim {
    /// The identifier looked for in the module's source.
    pub name: &'static str,
    /// What happened to it, for the note.
    pub fate: &'static str,
    /// C that makes it build on 6.1, after the headers in [`PRELUDE`].
    code: &'static str,
}

/// Headers whose own use of the names must be over before a macro takes the name.
const PRELUDE: &str = "#include <linux/module.h>\n#include <linux/kernel.h>\n\
    #include <linux/version.h>\n#include <linux/sched.h>\n#include <linux/sched/task.h>\n\
    #include <linux/sched/signal.h>\n#include <linux/kthread.h>\n#include <linux/timer.h>\n\
    #include <linux/proc_fs.h>\n#include <linux/slab.h>\n#include <linux/uaccess.h>\n\
    #include <linux/time.h>\n#include <linux/timekeeping.h>\n#include <linux/hrtimer.h>\n";

/// Every bridge. Behaviour follows the change that removed or added the name.
pub const SHIMS: &[Shim] = &[
    Shim {
        name: "do_exit",
        fate: "not exported to modules since 5.17; built as kthread_complete_and_exit(NULL, …)",
        code: "#define do_exit(code) kthread_complete_and_exit(NULL, code)",
    },
    Shim {
        name: "kthread_exit",
        fate: "not exported to modules; built as kthread_complete_and_exit(NULL, …)",
        code: "#define kthread_exit(code) kthread_complete_and_exit(NULL, code)",
    },
    Shim {
        name: "complete_and_exit",
        fate: "renamed in 5.17; built as kthread_complete_and_exit()",
        code: "#define complete_and_exit(done, code) kthread_complete_and_exit(done, code)",
    },
    Shim {
        name: "kthread_stop_put",
        fate: "new in 6.7; built as kthread_stop() and put_task_struct()",
        code: "static inline __maybe_unused int kthread_stop_put(struct task_struct *k)\n\
            { int kloom_ret = kthread_stop(k); put_task_struct(k); return kloom_ret; }",
    },
    Shim {
        name: "timer_delete",
        fate: "new in 6.2; built as del_timer()",
        code: "#define timer_delete(timer) del_timer(timer)",
    },
    Shim {
        name: "timer_delete_sync",
        fate: "new in 6.2; built as del_timer_sync()",
        code: "#define timer_delete_sync(timer) del_timer_sync(timer)",
    },
    Shim {
        name: "timer_container_of",
        fate: "new in 6.16; built as from_timer()",
        code: "#define timer_container_of(var, timer, field) from_timer(var, timer, field)",
    },
    Shim {
        name: "hrtimer_setup",
        fate: "new in 6.13; built as hrtimer_init() and an assignment",
        code: "#define hrtimer_setup(timer, fn, clock, mode) do { \\\n\
            hrtimer_init(timer, clock, mode); (timer)->function = (fn); } while (0)",
    },
    Shim {
        name: "PDE_DATA",
        fate: "renamed in 5.17; built as pde_data()",
        code: "#define PDE_DATA(inode) pde_data(inode)",
    },
    Shim {
        name: "do_gettimeofday",
        fate: "removed in 5.0; built from ktime_get_real_ts64()",
        code: "struct timeval { long tv_sec; long tv_usec; };\n\
            static inline __maybe_unused void do_gettimeofday(struct timeval *tv)\n\
            { struct timespec64 now; ktime_get_real_ts64(&now); tv->tv_sec = now.tv_sec;\n\
              tv->tv_usec = now.tv_nsec / 1000; }",
    },
    Shim {
        name: "get_seconds",
        fate: "removed in 5.1; built as ktime_get_real_seconds()",
        code: "#define get_seconds() ((unsigned long)ktime_get_real_seconds())",
    },
    Shim {
        name: "proc_create",
        fate: "took struct file_operations until 5.6; a module that still passes one is bridged",
        code: include_str!("compat_proc.h"),
    },
];

/// A compat header for `source` and the bridges in it; `None` when the module needs none.
///
/// A bridge is taken only where 6.1 lacks the name: `proc_create` counts only when the source
/// never names `proc_ops`, the type 6.1 wants.
pub fn header_for(source: &str) -> Option<(String, Vec<&'static Shim>)> {
    let used: Vec<&'static Shim> = SHIMS
        .iter()
        .filter(|shim| calls(source, shim.name))
        .filter(|shim| {
            shim.name != "proc_create" || (source.contains("file_operations") && !source.contains("proc_ops"))
        })
        .collect();
    if used.is_empty() {
        return None;
    }
    let mut header = format!("#ifndef __ASSEMBLY__\n{PRELUDE}");
    for shim in &used {
        header.push_str(shim.code);
        header.push('\n');
    }
    header.push_str("#endif\n");
    Some((header, used))
}

/// Whether `name` stands in `source` as a whole identifier followed by an argument list.
fn calls(source: &str, name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    source
        .match_indices(name)
        .any(|(at, _)| !source[..at].ends_with(word) && source[at + name.len()..].trim_start().starts_with('('))
}

/// Replaces non-breaking spaces, which web pages put into pasted code, and counts them.
pub fn normalise_spaces(source: &[u8]) -> (Vec<u8>, usize) {
    let mut text = Vec::with_capacity(source.len());
    let mut count = 0;
    let mut rest = source;
    while let Some(&byte) = rest.first() {
        if let Some(after) = rest.strip_prefix(b"\xc2\xa0") {
            text.push(b' ');
            count += 1;
            rest = after;
        } else {
            text.push(byte);
            rest = &rest[1..];
        }
    }
    (text, count)
}

#[cfg(test)]
mod tests {
    use super::{header_for, normalise_spaces};

    #[track_caller]
    fn check(source: &str, names: &[&str]) {
        let used = header_for(source).map_or_else(Vec::new, |(_, used)| used.iter().map(|shim| shim.name).collect());
        assert_eq!(used, names, "source: {source:?}");
    }

    #[test]
    fn only_what_is_called_is_bridged() {
        check("int f(void) { return 0; }", &[]);
        check("do_exit(0);", &["do_exit"]);
        check("my_do_exit(0); do_exit_now(1); int do_exit;", &[]);
        check("kthread_complete_and_exit(&c, 0);", &[]);
        check("complete_and_exit (&c, 0);", &["complete_and_exit"]);
        check("timer_delete_sync(&t);", &["timer_delete_sync"]);
    }

    #[test]
    fn proc_create_is_bridged_for_file_operations_only() {
        check("struct proc_ops p; proc_create(\"a\", 0, NULL, &p);", &[]);
        check("struct file_operations p; proc_create(\"a\", 0, NULL, &p);", &["proc_create"]);
    }

    #[test]
    fn the_header_names_what_it_builds() {
        let (header, _) = header_for("do_exit(0);").expect("one bridge");
        assert!(header.contains("#define do_exit(code) kthread_complete_and_exit(NULL, code)"));
        assert!(!header.contains("kthread_stop_put"));
    }

    #[test]
    fn spaces_are_normalised_and_counted() {
        let (text, count) = normalise_spaces("a\u{a0}b\u{a0}\u{e9}".as_bytes());
        assert_eq!(text, "a b \u{e9}".as_bytes());
        assert_eq!(count, 2);
        assert_eq!(normalise_spaces(b"\xc2"), (b"\xc2".to_vec(), 0));
    }
}
