//! The kernel headers: embedded in the binary, extracted once per content into the cache.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use include_dir::{Dir, include_dir};

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../include");

/// Freestanding headers that old modules include and Linux 6.1 has under `linux/`; reached last, so that
/// `include/` may have its own.
const FALLBACKS: &[(&str, &str)] = &[
    (
        "stdarg.h",
        "#ifndef _STDARG_H\n#define _STDARG_H\ntypedef __builtin_va_list va_list;\n\
         #define va_start(v, l) __builtin_va_start(v, l)\n#define va_end(v) __builtin_va_end(v)\n\
         #define va_arg(v, t) __builtin_va_arg(v, t)\n#define va_copy(d, s) __builtin_va_copy(d, s)\n#endif\n",
    ),
    ("stddef.h", "#include <linux/stddef.h>\n#include <linux/types.h>\n"),
    ("stdbool.h", "#include <linux/types.h>\n"),
    ("stdint.h", "#include <linux/types.h>\n"),
];

/// The headers a build compiles against.
#[derive(Clone, Debug)]
pub(crate) struct Headers {
    /// Directory with `linux/`, `asm/` ….
    pub(crate) dir: PathBuf,
    /// Directory with the fallbacks, searched last.
    pub(crate) fallback: PathBuf,
}

/// Every embedded header as (path below `include/`, bytes), sorted by path.
fn embedded() -> &'static [(String, &'static [u8])] {
    static FILES: OnceLock<Vec<(String, &'static [u8])>> = OnceLock::new();
    FILES.get_or_init(|| {
        fn walk(dir: &'static Dir<'static>, out: &mut Vec<(String, &'static [u8])>) {
            for file in dir.files() {
                out.push((file.path().to_string_lossy().into_owned(), file.contents()));
            }
            for sub in dir.dirs() {
                walk(sub, out);
            }
        }
        let mut out = Vec::new();
        walk(&EMBEDDED, &mut out);
        out.sort();
        out
    })
}

fn hash_files<'f>(files: impl Iterator<Item = (&'f str, &'f [u8])>) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for (path, bytes) in files.chain(FALLBACKS.iter().map(|(path, text)| (*path, text.as_bytes()))) {
        hasher.update(&(path.len() as u64).to_le_bytes());
        hasher.update(path.as_bytes());
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    }
    hasher.finalize()
}

/// Hash of the headers that `headers_dir` or the binary has, without extracting anything.
pub(crate) fn hash(headers_dir: Option<&Path>) -> io::Result<blake3::Hash> {
    static HASH: OnceLock<blake3::Hash> = OnceLock::new();
    match headers_dir {
        None => Ok(*HASH.get_or_init(|| hash_files(embedded().iter().map(|(path, bytes)| (path.as_str(), *bytes))))),
        Some(dir) => {
            let files = read_tree(dir)?;
            Ok(hash_files(files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))))
        }
    }
}

/// Makes the headers available as files below `cache`.
///
/// Extraction is into a fresh directory that is renamed into place, so another process sees all of it or nothing.
/// An existing copy is compared byte by byte (some milliseconds, only when something is compiled) and replaced when
/// it differs. One process at a time extracts: whoever waited for the lock looks again, so a copy that somebody else
/// has just made, and is compiling against, is never taken away.
pub(crate) fn provide(headers_dir: Option<&Path>, cache: &Path) -> io::Result<Headers> {
    let hash = hash(headers_dir)?;
    let files: Vec<(String, &[u8])> = match headers_dir {
        None => embedded().iter().map(|(path, bytes)| (format!("include/{path}"), *bytes)).collect(),
        Some(_) => Vec::new(),
    };
    let files: Vec<(String, &[u8])> = files
        .into_iter()
        .chain(FALLBACKS.iter().map(|(path, text)| (format!("fallback/{path}"), text.as_bytes())))
        .collect();
    let root = cache.join("headers").join(&hash.to_hex()[..32]);
    if is_intact(&root, &files) {
        return Ok(headers_in(&root, headers_dir));
    }
    fs::create_dir_all(cache.join("headers"))?;
    let lock = fs::File::create(cache.join("headers").join("lock"))?;
    // A file system without locks leaves the race to two processes that both find the very first copy missing.
    let _unlocked = lock.lock();
    if !is_intact(&root, &files) {
        let tmp = tempfile::tempdir_in(cache.join("tmp"))?;
        let fresh = tmp.path().join("new");
        fs::create_dir_all(fresh.join("include"))?;
        for (path, bytes) in &files {
            let path = fresh.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, bytes)?;
        }
        // A damaged copy moves out of the way; it is deleted with the temporary directory.
        let _absent = fs::rename(&root, tmp.path().join("old"));
        if let Err(error) = fs::rename(&fresh, &root)
            && !is_intact(&root, &files)
        {
            return Err(error);
        }
    }
    Ok(headers_in(&root, headers_dir))
}

fn headers_in(root: &Path, headers_dir: Option<&Path>) -> Headers {
    Headers {
        dir: headers_dir.map_or_else(|| root.join("include"), Path::to_path_buf),
        fallback: root.join("fallback"),
    }
}

fn is_intact(root: &Path, files: &[(String, &[u8])]) -> bool {
    root.is_dir() && files.iter().all(|(path, bytes)| fs::read(root.join(path)).is_ok_and(|found| found == *bytes))
}

/// All files below `dir`, sorted by path; symbolic links to directories are not followed.
pub(crate) fn read_tree(dir: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut out = Vec::new();
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(next) = dirs.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                dirs.push(path);
            } else if let Ok(below) = path.strip_prefix(dir) {
                out.push((below.to_string_lossy().into_owned(), fs::read(&path)?));
            }
        }
    }
    out.sort();
    Ok(out)
}

/// The header of the embedded ones that declares or defines `name`, as a module includes it.
pub fn declaring_header(name: &str) -> Option<String> {
    Offer::embedded().declaring(name).map(str::to_owned)
}

/// What the headers offer; read when a compile error is to be explained.
pub(crate) struct Offer {
    files: Vec<(String, String)>,
}

impl Offer {
    pub(crate) fn read(dir: &Path) -> Self {
        let files = read_tree(dir).unwrap_or_default();
        Offer {
            files: files
                .into_iter()
                .map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned()))
                .collect(),
        }
    }

    fn embedded() -> Self {
        let headers = embedded().iter().filter(|(path, _)| path.ends_with(".h"));
        Offer {
            files: headers.map(|(path, bytes)| (path.clone(), String::from_utf8_lossy(bytes).into_owned())).collect(),
        }
    }

    /// Paths of all headers, sorted.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(path, _)| path.as_str())
    }

    /// The header that declares `name`, if any: `linux/…` before others, and one in which the name is being defined
    /// or declared before one that merely uses it.
    pub(crate) fn declaring(&self, name: &str) -> Option<&str> {
        let mut best: Option<(u8, &str)> = None;
        for (path, text) in &self.files {
            let Some(how) = declared(text, name) else {
                continue;
            };
            let rank = how * 4 + u8::from(!path.starts_with("linux/")) + u8::from(path.starts_with("kloom/"));
            if best.is_none_or(|(known, _)| rank < known) {
                best = Some((rank, path));
            }
        }
        best.map(|(_, path)| path)
    }
}

/// 0 for `#define name`, 1 for a line of code that looks like its declaration, `None` otherwise.
fn declared(text: &str, name: &str) -> Option<u8> {
    let mut found = None;
    for line in text.lines() {
        let Some(at) = word_at(line, name) else {
            continue;
        };
        let before = line[..at].trim_end();
        let after = line[at + name.len()..].trim_start();
        if let Some(hash) = before.strip_suffix("define")
            && hash.trim_start().starts_with('#')
        {
            return Some(0);
        }
        let first = line.trim_start();
        if first.starts_with(['*', '/', '#']) {
            continue;
        }
        let top_level = !line.starts_with([' ', '\t']);
        let function = after.starts_with('(') && !before.is_empty() && top_level && !before.contains(['(', '=']);
        let tag = ["struct", "union", "enum"].iter().any(|kind| before.ends_with(kind)) && after.starts_with('{');
        let typedef = (first.starts_with("typedef") || first.starts_with('}')) && after.starts_with(';');
        let variable = first.starts_with("extern") && after.starts_with([';', '[', ',']);
        let enumerator = before.is_empty() && (after.starts_with(',') || after.starts_with('=') || after.is_empty());
        if function || tag || typedef || variable || enumerator {
            found = Some(1);
        }
    }
    found
}

/// Byte offset of `word` as a whole identifier in `line`.
pub(crate) fn word_at(line: &str, word: &str) -> Option<usize> {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word)
        .map(|(at, _)| at)
        .find(|&at| !is_part(line[..at].chars().next_back()) && !is_part(line[at + word.len()..].chars().next()))
}

/// Edit distance of two short strings, capped: anything above 2 is 3.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 2 || a.len() > 200 {
        return 3;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()].min(3)
}

/// Names of all headers among `candidates` closest to `header`, at distance 1 or 2.
pub(crate) fn similar<'c>(header: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let mut names = BTreeSet::new();
    for candidate in candidates {
        names.insert((distance(header, candidate), candidate));
    }
    names.into_iter().find(|(distance, _)| *distance < 3).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_in_use_stays_when_many_extract_at_once() {
        let cache = tempfile::tempdir().unwrap();
        fs::create_dir_all(cache.path().join("tmp")).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let headers = provide(None, cache.path()).unwrap();
                    for _ in 0..20_000 {
                        assert!(headers.dir.join("linux/module.h").is_file());
                        assert!(headers.fallback.join("stdarg.h").is_file());
                    }
                });
            }
        });
    }

    #[test]
    fn finds_the_declaring_header() {
        let offer = Offer {
            files: vec![
                ("asm/delay.h".into(), "void msleep(unsigned int ms);\n".into()),
                (
                    "linux/delay.h".into(),
                    "void msleep(unsigned int ms);\n#define ssleep(s) msleep(1000 * (s))\n".into(),
                ),
                (
                    "linux/x.h".into(),
                    "static inline void f(void)\n{\n\tmsleep(1);\n}\nenum {\n\tRED,\n};\nstruct foo {\n};\n".into(),
                ),
            ],
        };
        assert_eq!(offer.declaring("msleep"), Some("linux/delay.h"));
        assert_eq!(offer.declaring("ssleep"), Some("linux/delay.h"));
        assert_eq!(offer.declaring("RED"), Some("linux/x.h"));
        assert_eq!(offer.declaring("foo"), Some("linux/x.h"));
        assert_eq!(offer.declaring("sleep"), None);
    }

    #[test]
    fn distance_is_an_edit_distance() {
        assert_eq!(distance("linux/modul.h", "linux/module.h"), 1);
        assert_eq!(distance("kitten", "sitten"), 1);
        assert_eq!(distance("a", "abcd"), 3);
        assert_eq!(similar("linux/modul.h", ["linux/mm.h", "linux/module.h"].into_iter()), Some("linux/module.h"));
    }
}
