//! Reads compiler messages and decides whose fault they are.
//!
//! A name that Linux 6.1 has (`known_api.txt`) and `include/` does not is kloom's gap. A name that `include/` declares
//! but the source did not include, and everything else, is the module's.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::error::{Diagnostic, Hint, Level, Missing, SourceNote};
use crate::headers::{self, Offer};
use crate::sources::{SourceFile, artefact_hints};

/// Reads `file:line:column: level: message [option]` lines as gcc and clang print them; linker messages as well.
pub(crate) fn parse(stderr: &str) -> Vec<Diagnostic> {
    stderr.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Diagnostic> {
    let levels = [
        (": fatal error: ", Level::Error),
        (": error: ", Level::Error),
        (": warning: ", Level::Warning),
        (": note: ", Level::Note),
    ];
    let found =
        levels.iter().filter_map(|(tag, level)| Some((line.find(tag)?, tag.len(), *level))).min_by_key(|found| found.0);
    let Some((at, length, level)) = found else {
        let linker = ["multiple definition of", "undefined reference to", "cannot find"];
        return linker.iter().any(|text| line.contains(text)).then(|| Diagnostic {
            file: String::new(),
            line: 0,
            column: 0,
            level: Level::Error,
            message: line.to_owned(),
            option: None,
        });
    };
    let (place, mut message) = (&line[..at], line[at + length..].trim());
    let mut option = None;
    if let Some(open) = message.rfind(" [-W")
        && message.ends_with(']')
    {
        option = Some(message[open + 2..message.len() - 1].to_owned());
        message = &message[..open];
    }
    let (mut file, mut numbers) = (place, [0_u32; 2]);
    for number in numbers.iter_mut().rev() {
        if let Some((rest, digits)) = file.rsplit_once(':')
            && let Ok(value) = digits.parse()
        {
            file = rest;
            *number = value;
        }
    }
    if numbers[0] == 0 {
        numbers.swap(0, 1); // a line without a column
    }
    Some(Diagnostic {
        file: file.to_owned(),
        line: numbers[0],
        column: numbers[1],
        level,
        message: message.to_owned(),
        option,
    })
}

/// How `include/` marks a use of what Linux has dropped: a warning with this, name, version and replacement.
const REMOVED_MARK: &str = "kloom-removed:";

/// Separates the marks that `include/` makes the compiler print from what it has to say itself. Marks of the same name
/// give one note, of their first place.
pub(crate) fn split_removed(stderr: &str) -> (String, Vec<SourceNote>) {
    let (mut kept, mut notes) = (String::new(), Vec::<SourceNote>::new());
    let (mut context, mut dropping, mut any) = (String::new(), false, false);
    for line in stderr.lines() {
        let is_context =
            ["In file included from ", "                 from "].iter().any(|start| line.starts_with(start))
                || line.contains(": In function ")
                || line.ends_with(": At top level:");
        let starts = parse_line(line).filter(|diagnostic| diagnostic.level != Level::Note);
        if let Some(diagnostic) = &starts
            && let Some(note) = removed_note(diagnostic, &context)
        {
            let name = |note: &SourceNote| match note {
                SourceNote::Removed { name, .. } => name.clone(),
                _ => String::new(),
            };
            if !notes.iter().any(|other| name(other) == name(&note)) {
                notes.push(note);
            }
            (dropping, any) = (true, true);
            context.clear();
        } else if is_context {
            dropping = false;
            context.push_str(line);
            context.push('\n');
        } else if starts.is_some() || !dropping {
            dropping = false;
            // What clang counts at the end includes the marks.
            if !(any && line.ends_with(" generated.")) {
                kept.push_str(&std::mem::take(&mut context));
                kept.push_str(line);
                kept.push('\n');
            }
        }
    }
    (kept, notes)
}

/// The note behind a mark; a mark inside one of kloom's headers belongs to the line that includes it.
fn removed_note(diagnostic: &Diagnostic, context: &str) -> Option<SourceNote> {
    let mut parts = diagnostic.message.strip_prefix(REMOVED_MARK)?.splitn(3, '|');
    let (name, removed_in, replacement) = (parts.next()?, parts.next()?, parts.next()?);
    let (mut file, mut line) = (diagnostic.file.as_str(), diagnostic.line);
    for above in context.lines() {
        let place = above.trim_start_matches("In file included from ").trim().trim_start_matches("from ");
        let mut fields = place.trim_end_matches([',', ':']).split(':');
        if let (Some(name), Some(Ok(number))) = (fields.next(), fields.next().map(str::parse)) {
            (file, line) = (name, number);
        }
    }
    Some(SourceNote::Removed {
        file: file.to_owned(),
        line,
        name: name.to_owned(),
        removed_in: removed_in.to_owned(),
        replacement: replacement.to_owned(),
    })
}

/// What Linux 6.1 offers to modules, as far as kloom knows: names, `.members` and `<headers>`.
/// Whether Linux 6.1 has a function, macro or variable of this name, as far as kloom knows.
pub fn is_linux_api(name: &str) -> bool {
    known_api().contains(name)
}

fn known_api() -> &'static BTreeSet<&'static str> {
    static KNOWN: OnceLock<BTreeSet<&'static str>> = OnceLock::new();
    KNOWN.get_or_init(|| include_str!("known_api.txt").split_whitespace().collect())
}

/// Directories below Linux's `include/` and `arch/x86/include/`.
const LINUX_DIRS: &[&str] = &[
    "acpi",
    "asm",
    "asm-generic",
    "clocksource",
    "crypto",
    "drm",
    "dt-bindings",
    "keys",
    "kunit",
    "kvm",
    "linux",
    "math-emu",
    "media",
    "memory",
    "misc",
    "net",
    "pcmcia",
    "ras",
    "rdma",
    "rv",
    "scsi",
    "soc",
    "sound",
    "target",
    "trace",
    "uapi",
    "ufs",
    "vdso",
    "video",
    "xen",
    "generated",
    "mtd",
];

/// Headers of the C library and its surroundings.
const USER_HEADERS: &[&str] = &[
    "aio.h",
    "alloca.h",
    "assert.h",
    "complex.h",
    "ctype.h",
    "curses.h",
    "dirent.h",
    "dlfcn.h",
    "errno.h",
    "error.h",
    "execinfo.h",
    "fcntl.h",
    "features.h",
    "fenv.h",
    "float.h",
    "getopt.h",
    "glob.h",
    "grp.h",
    "inttypes.h",
    "iso646.h",
    "libgen.h",
    "limits.h",
    "locale.h",
    "malloc.h",
    "math.h",
    "memory.h",
    "mqueue.h",
    "ncurses.h",
    "netdb.h",
    "poll.h",
    "pthread.h",
    "pwd.h",
    "regex.h",
    "sched.h",
    "semaphore.h",
    "setjmp.h",
    "signal.h",
    "stdatomic.h",
    "stdio.h",
    "stdlib.h",
    "string.h",
    "strings.h",
    "syslog.h",
    "termios.h",
    "tgmath.h",
    "threads.h",
    "time.h",
    "ucontext.h",
    "unistd.h",
    "utime.h",
    "wait.h",
    "wchar.h",
    "wctype.h",
];

/// Headers of C++.
const CPLUSPLUS_HEADERS: &[&str] = &[
    "algorithm",
    "array",
    "atomic",
    "chrono",
    "condition_variable",
    "cstdint",
    "cstdio",
    "cstdlib",
    "cstring",
    "functional",
    "iostream",
    "list",
    "map",
    "memory",
    "mutex",
    "queue",
    "set",
    "string",
    "thread",
    "utility",
    "vector",
];

/// Whose fault the errors are (`missing` empty: the module's), and what may help.
pub(crate) fn classify(
    diagnostics: &[Diagnostic],
    files: &[SourceFile],
    headers_dir: &Path,
) -> (Vec<Missing>, Vec<Hint>) {
    let offer = Offer::read(headers_dir);
    let mut missing = BTreeSet::new();
    let mut hints = BTreeSet::new();
    let judge = Judge { offer: &offer, files };
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error) {
        judge.error(diagnostic, &mut missing, &mut hints);
    }
    for file in files {
        hints.extend(artefact_hints(file));
        if defines_main(file) {
            hints.insert(Hint::UserSpaceProgram { file: file.display.clone() });
        }
    }
    (missing.into_iter().collect(), hints.into_iter().collect())
}

struct Judge<'a> {
    offer: &'a Offer,
    files: &'a [SourceFile],
}

impl Judge<'_> {
    fn error(&self, diagnostic: &Diagnostic, missing: &mut BTreeSet<Missing>, hints: &mut BTreeSet<Hint>) {
        let message = diagnostic.message.as_str();
        let quoted: Vec<&str> = message.split('\'').skip(1).step_by(2).collect();
        let first = quoted.first().copied().unwrap_or("");
        if let Some(header) = message.strip_suffix(": No such file or directory") {
            return self.header(header, missing, hints);
        }
        if message.ends_with("file not found") {
            return self.header(first, missing, hints);
        }
        if message.contains("SSE disabled") || message.contains("x87 disabled") || message.contains("SSE register") {
            hints.insert(Hint::FloatingPoint);
            return;
        }
        if message.contains("has no member named") {
            return self.member(first, quoted.get(1).copied().unwrap_or(""), missing);
        }
        if message.contains("no member named") {
            return self.member(quoted.get(1).copied().unwrap_or(""), first, missing);
        }
        if message.contains("does not refer to any field in type") {
            return self.member(quoted.get(1).copied().unwrap_or(""), first, missing);
        }
        let names_something = [
            "implicit declaration of function",
            "undeclared",
            "unknown type name",
            "in declaration of",
            "undefined type",
            "incomplete type",
            "incomplete definition of type",
        ]
        .iter()
        .any(|text| message.contains(text));
        if names_something && !first.is_empty() {
            // "type defaults to 'int' in declaration of 'NAME'"
            let first =
                if message.contains("in declaration of") { quoted.last().copied().unwrap_or(first) } else { first };
            let name = quoted.iter().rev().find(|name| name.contains("struct ")).copied().unwrap_or(first);
            let name = name.trim_end_matches([' ', '*']).rsplit(' ').next().unwrap_or(name);
            if matches!(name, "class" | "namespace" | "template" | "using") {
                hints.insert(Hint::CPlusPlus { file: diagnostic.file.clone() });
            } else {
                self.name(name, missing, hints);
            }
        }
        // A macro that does not exist leaves a syntax error behind it; a structure that does not exist, a variable
        // without size. The name stands in the line.
        if message.starts_with("expected")
            || message.contains("storage size")
            || message.contains("incomplete type")
            || message.contains("parameter names (without types)")
        {
            for name in identifiers(&self.line(diagnostic)) {
                self.name_if_kloom_lacks(name, missing);
            }
        }
    }

    fn header(&self, header: &str, missing: &mut BTreeSet<Missing>, hints: &mut BTreeSet<Hint>) {
        let dir = header.split('/').next().unwrap_or("");
        let is_linux = header.contains('/') && LINUX_DIRS.contains(&dir);
        if is_linux && header.ends_with(".h") {
            let known = known_api().contains(format!("<{header}>").as_str());
            match headers::similar(header, self.offer.paths()) {
                Some(similar) if !known && headers::distance(header, similar) == 1 => {
                    hints.insert(Hint::SimilarHeader { header: header.to_owned(), similar: similar.to_owned() });
                }
                _ => {
                    missing.insert(Missing::Header(header.to_owned()));
                }
            }
            return;
        }
        let posix_dir = ["sys/", "netinet/", "arpa/", "bits/", "gnu/"].iter().any(|dir| header.starts_with(dir));
        if USER_HEADERS.contains(&header) || posix_dir {
            hints.insert(Hint::UserSpaceHeader { header: header.to_owned() });
        } else if CPLUSPLUS_HEADERS.contains(&header) {
            let file = self.files.first().map_or_else(String::new, |file| file.display.clone());
            hints.insert(Hint::CPlusPlus { file });
        } else if let Some(found) = self.elsewhere(header) {
            hints.insert(Hint::HeaderElsewhere { header: header.to_owned(), found });
        }
    }

    /// A file called like `header` near the sources.
    fn elsewhere(&self, header: &str) -> Option<PathBuf> {
        let wanted = Path::new(header).file_name()?;
        let start = self.files.first()?.path.parent()?;
        let mut dirs = vec![(start.to_path_buf(), 0), (start.parent()?.to_path_buf(), 2)];
        let mut budget = 2000;
        while let Some((dir, depth)) = dirs.pop() {
            for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
                budget -= 1;
                if budget == 0 {
                    return None;
                }
                let path = entry.path();
                if path.is_dir() {
                    if depth < 3 {
                        dirs.push((path, depth + 1));
                    }
                } else if path.file_name() == Some(wanted) {
                    return Some(path);
                }
            }
        }
        None
    }

    fn name(&self, name: &str, missing: &mut BTreeSet<Missing>, hints: &mut BTreeSet<Hint>) {
        match self.offer.declaring(name) {
            Some(header) => {
                hints.insert(Hint::MissingInclude { name: name.to_owned(), header: header.to_owned() });
            }
            None => self.name_if_kloom_lacks(name, missing),
        }
    }

    fn name_if_kloom_lacks(&self, name: &str, missing: &mut BTreeSet<Missing>) {
        if known_api().contains(name) && self.offer.declaring(name).is_none() && !self.defined_by_user(name) {
            missing.insert(Missing::Name(name.to_owned()));
        }
    }

    fn member(&self, of: &str, name: &str, missing: &mut BTreeSet<Missing>) {
        let tag = of.rsplit(' ').next().unwrap_or(of);
        if known_api().contains(format!(".{name}").as_str()) && !self.defined_by_user(tag) {
            let of = of.trim_start_matches("const ").trim_start_matches("volatile ");
            missing.insert(Missing::Member { of: of.to_owned(), name: name.to_owned() });
        }
    }

    /// Whether a source has `struct name {`, `#define name` or a definition that starts in the first column.
    fn defined_by_user(&self, name: &str) -> bool {
        self.files.iter().any(|file| {
            String::from_utf8_lossy(file.effective()).lines().any(|line| {
                headers::word_at(line, name).is_some_and(|at| {
                    let before = line[..at].trim();
                    let after = line[at + name.len()..].trim_start();
                    before.ends_with("define")
                        || (["struct", "union", "enum"].iter().any(|kind| before.ends_with(kind))
                            && (after.is_empty() || after.starts_with('{')))
                        || (before.ends_with('}') && after.starts_with(';'))
                })
            })
        })
    }

    fn line(&self, diagnostic: &Diagnostic) -> String {
        let file = self.files.iter().find(|file| file.display == diagnostic.file);
        let index = (diagnostic.line as usize).checked_sub(1);
        let (Some(file), Some(index)) = (file, index) else {
            return String::new();
        };
        let text = String::from_utf8_lossy(file.effective());
        text.lines().nth(index).unwrap_or("").to_owned()
    }
}

fn identifiers(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

fn defines_main(file: &SourceFile) -> bool {
    String::from_utf8_lossy(file.effective()).lines().any(|line| {
        headers::word_at(line, "main").is_some_and(|at| {
            matches!(line[..at].trim(), "" | "int" | "void")
                && !line.starts_with([' ', '\t'])
                && line[at + 4..].trim_start().starts_with('(')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_what_linux_dropped_become_notes() {
        let text = "In file included from m.c:3,\n                 from other.c:1:\n\
                    kloom/asm/x.h:4:21: warning: kloom-removed:<asm/x.h>|3.4|<linux/x.h>\n    4 | #pragma\n      | ^\n\
                    m.c: In function 'f':\n\
                    m.c:7:2: warning: kloom-removed:old()|2.6.20|new(a), or newer(b)\n    7 | old();\n      | ^\n\
                    m.c:8:2: warning: unused variable 'x' [-Wunused-variable]\n    8 | int x;\n\
                    m.c:9:2: warning: kloom-removed:old()|2.6.20|new(a), or newer(b)\n<scratch>:1:1: note: expanded\n\
                    3 warnings generated.\n";
        let (kept, notes) = split_removed(text);
        assert_eq!(kept, "m.c:8:2: warning: unused variable 'x' [-Wunused-variable]\n    8 | int x;\n");
        let note = |file: &str, line, name: &str, removed_in: &str, replacement: &str| SourceNote::Removed {
            file: file.into(),
            line,
            name: name.into(),
            removed_in: removed_in.into(),
            replacement: replacement.into(),
        };
        assert_eq!(
            notes,
            [
                note("other.c", 1, "<asm/x.h>", "3.4", "<linux/x.h>"),
                note("m.c", 7, "old()", "2.6.20", "new(a), or newer(b)"),
            ]
        );
        assert_eq!(split_removed("a.c:1:1: error: no\n").0, "a.c:1:1: error: no\n");
    }

    use proptest::prelude::*;

    #[test]
    fn parses_what_compilers_print() {
        let text = "In file included from a.c:1:\n\
                    a.c:12:5: error: implicit declaration of function 'foo' [-Werror=implicit-function-declaration]\n\
                    dir/b c.c:3: warning: odd [-Wodd]\n\
                    cc1: error: bad flag\n\
                    a.c:1:10: fatal error: stdio.h: No such file or directory\n\
                    ld: b.o: in function `f': b.c:5: multiple definition of `f'; a.o: first defined here\n";
        let found = parse(text);
        assert_eq!(found.len(), 5);
        assert_eq!((found[0].file.as_str(), found[0].line, found[0].column), ("a.c", 12, 5));
        assert_eq!(found[0].option.as_deref(), Some("-Werror=implicit-function-declaration"));
        assert_eq!(found[0].message, "implicit declaration of function 'foo'");
        assert_eq!((found[1].file.as_str(), found[1].line, found[1].column), ("dir/b c.c", 3, 0));
        assert_eq!((found[2].file.as_str(), found[2].line), ("cc1", 0));
        assert_eq!(found[3].message, "stdio.h: No such file or directory");
        assert_eq!(found[4].level, Level::Error);
    }

    #[test]
    fn the_list_of_names_is_sorted_and_sane() {
        let lines: Vec<&str> = include_str!("known_api.txt").lines().collect();
        assert!(lines.is_sorted());
        assert!(lines.len() > 1000);
        for name in ["kthread_run", "msleep", "task_struct", "<linux/kthread.h>", ".comm"] {
            assert!(known_api().contains(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(line in "[a:0-9' \\[\\]Wé-]{0,30}(: error: |: warning: )?[a:' \\[\\]W-]{0,30}") {
            let _ = parse_line(&line);
        }
    }
}
