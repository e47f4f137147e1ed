//! Reads a source file and the user's headers it includes, and repairs what pasting from web pages did to them.
//!
//! Non-breaking spaces become spaces and zero-width characters vanish; the compiler then gets a copy that carries the
//! user's own file name and lines (`# 1 "name"`), with columns kept by padding. Nothing else is rewritten: quotes,
//! dashes and HTML entities only lead to hints.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::error::{CcError, Hint, NotBuildable, SourceNote};

/// No source is larger; guards against being pointed at a disk image.
const SOURCE_BYTES_MAX: u64 = 32 << 20;
/// Files that one unit's includes are followed into.
const CLOSURE_FILES_MAX: usize = 4096;

/// A file of the user.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// As the user typed it, or as the compiler would show it.
    pub(crate) display: String,
    /// Absolute, without `.` and `..`.
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    /// The repaired text, when it differs.
    pub(crate) repaired: Option<Repaired>,
}

/// What [`repair`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repaired {
    pub(crate) bytes: Vec<u8>,
    /// Non-breaking spaces.
    pub(crate) spaces: Tally,
    /// Dropped characters.
    pub(crate) invisible: Tally,
}

/// How many characters of a kind there are, and where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) count: usize,
    /// 1-based; 0 when there is none.
    pub(crate) first_line: usize,
    pub(crate) lines: usize,
    last_line: usize,
}

impl Tally {
    fn add(&mut self, line: usize) {
        if self.count == 0 {
            self.first_line = line;
        }
        self.lines += usize::from(self.last_line != line);
        self.last_line = line;
        self.count += 1;
    }
}

impl SourceFile {
    pub(crate) fn read(display: &str, path: &Path) -> Result<Self, CcError> {
        let io = |error| CcError::Io { action: "read", path: PathBuf::from(display), error };
        let size = fs::metadata(path).map_err(io)?.len();
        if size > SOURCE_BYTES_MAX {
            return Err(CcError::NotBuildable { path: PathBuf::from(display), reason: NotBuildable::TooLarge });
        }
        let bytes = fs::read(path).map_err(io)?;
        let repaired = repair(&bytes);
        Ok(SourceFile { display: display.to_owned(), path: path.to_path_buf(), bytes, repaired })
    }

    /// The text the compiler sees.
    pub(crate) fn effective(&self) -> &[u8] {
        self.repaired.as_ref().map_or(&self.bytes, |repaired| &repaired.bytes)
    }

    pub(crate) fn notes(&self) -> impl Iterator<Item = SourceNote> {
        let file = || self.display.clone();
        let found = self.repaired.as_ref();
        let spaces = found.map(|found| found.spaces).unwrap_or_default();
        let invisible = found.map(|found| found.invisible).unwrap_or_default();
        let spaces = (spaces.count > 0).then(|| SourceNote::NonBreakingSpaces {
            file: file(),
            count: spaces.count,
            first_line: spaces.first_line,
            lines: spaces.lines,
        });
        let invisible = (invisible.count > 0).then(|| SourceNote::InvisibleCharacters {
            file: file(),
            count: invisible.count,
            first_line: invisible.first_line,
        });
        spaces.into_iter().chain(invisible)
    }
}

/// A source and every header of the user it may include (conditionals are not evaluated: a superset).
#[derive(Clone, Debug)]
pub(crate) struct Closure {
    /// The source first.
    pub(crate) files: Vec<SourceFile>,
}

impl Closure {
    /// `include_dirs` are the user's `-I` directories as (display, absolute).
    pub(crate) fn read(display: &str, path: &Path, include_dirs: &[(String, PathBuf)]) -> Result<Self, CcError> {
        let mut files = vec![SourceFile::read(display, path)?];
        let mut seen: BTreeSet<PathBuf> = BTreeSet::from([files[0].path.clone()]);
        let mut next = 0;
        while next < files.len() && files.len() < CLOSURE_FILES_MAX {
            let includes = includes(files[next].effective());
            let own_display = parent_display(&files[next].display);
            let own_dir = files[next].path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
            for (name, quoted) in includes {
                let own = quoted.then(|| (own_display.clone(), own_dir.clone()));
                for (dir_display, dir) in own.iter().chain(include_dirs) {
                    let path = normal_path(dir, Path::new(&name));
                    if !seen.contains(&path) && path.is_file() {
                        let display = join_display(dir_display, &name);
                        // An unreadable header is the compiler's to complain about.
                        if let Ok(file) = SourceFile::read(&display, &path) {
                            files.push(file);
                        }
                        seen.insert(path);
                    }
                }
            }
            next += 1;
        }
        Ok(Closure { files })
    }

    pub(crate) fn needs_copies(&self) -> bool {
        self.files.iter().any(|file| file.repaired.is_some())
    }

    /// Writes repaired copies of all files below `overlay`, at their absolute paths.
    pub(crate) fn write_copies(&self, overlay: &Path) -> std::io::Result<()> {
        for file in &self.files {
            let copy = below(overlay, &file.path);
            if let Some(parent) = copy.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut text = format!("# 1 \"{}\"\n", c_escape(&file.display)).into_bytes();
            text.extend_from_slice(file.effective());
            fs::write(copy, text)?;
        }
        Ok(())
    }
}

fn c_escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// `root` + the absolute `path`.
pub(crate) fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// `base/path` without `.` and `..`, by text alone.
pub(crate) fn normal_path(base: &Path, path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in base.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

fn parent_display(display: &str) -> String {
    display.rfind('/').map_or_else(String::new, |at| display[..at.max(1)].to_owned())
}

fn join_display(dir: &str, name: &str) -> String {
    if dir.is_empty() || name.starts_with('/') {
        name.to_owned()
    } else if dir.ends_with('/') {
        format!("{dir}{name}")
    } else {
        format!("{dir}/{name}")
    }
}

/// `#include` operands: (name, quoted).
fn includes(bytes: &[u8]) -> Vec<(String, bool)> {
    let text = String::from_utf8_lossy(bytes);
    let mut out = Vec::new();
    for line in text.lines() {
        let Some(rest) = line.trim_start().strip_prefix('#') else {
            continue;
        };
        let rest = rest.trim_start();
        let Some(rest) = rest.strip_prefix("include_next").or_else(|| rest.strip_prefix("include")) else {
            continue;
        };
        let rest = rest.trim_start();
        let (close, quoted) = match rest.chars().next() {
            Some('"') => ('"', true),
            Some('<') => ('>', false),
            _ => continue,
        };
        if let Some(end) = rest[1..].find(close) {
            out.push((rest[1..=end].to_owned(), quoted));
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lex {
    Code,
    Quoted(u8),
    LineComment,
    BlockComment,
}

/// The text without web artefacts, or `None` when it has none.
///
/// Outside literals a non-breaking space becomes as many spaces as it has bytes, and a dropped character is made up
/// for at the next space, so that columns stay. Inside a string it is one space, because the author meant one, and
/// zero-width characters stay there (they join emoji).
pub(crate) fn repair(bytes: &[u8]) -> Option<Repaired> {
    if !bytes.iter().any(|&byte| byte >= 0x80) {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let (mut spaces, mut invisible) = (Tally::default(), Tally::default());
    let mut state = Lex::Code;
    let mut line = 1;
    let mut debt = 0; // bytes dropped in this line and not yet padded
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if let Some(length) = space_length(rest, at.checked_sub(1).map(|before| bytes[before])) {
            spaces.add(line);
            out.push(b' ');
            if let Lex::Quoted(_) = state {
                debt += length - 1;
            } else {
                out.extend(std::iter::repeat_n(b' ', length - 1));
            }
            at += length;
            continue;
        }
        if !matches!(state, Lex::Quoted(_))
            && let Some(length) = invisible_length(rest)
        {
            invisible.add(line);
            debt += length;
            at += length;
            continue;
        }
        let byte = rest[0];
        let next = rest.get(1).copied();
        out.push(byte);
        at += 1;
        match (state, byte) {
            (_, b'\n') => {
                line += 1;
                debt = 0;
                let continued = out.len() >= 2 && out[out.len() - 2] == b'\\';
                if state != Lex::BlockComment && !continued {
                    state = Lex::Code;
                }
            }
            (Lex::Code, b'"' | b'\'') => state = Lex::Quoted(byte),
            (Lex::Code, b'/') if next == Some(b'/') => state = Lex::LineComment,
            (Lex::Code, b'/') if next == Some(b'*') => state = Lex::BlockComment,
            (Lex::Code, b' ') => out.extend(std::iter::repeat_n(b' ', std::mem::take(&mut debt))),
            (Lex::Quoted(_), b'\\') if next.is_some_and(|next| next < 0x80 && next != b'\n') => {
                out.extend(next);
                at += 1;
            }
            (Lex::Quoted(open), close) if open == close => {
                state = Lex::Code;
                // After the literal, padding is harmless unless another one is glued on.
                if !next.is_some_and(|next| next == b'"' || next.is_ascii_alphanumeric()) {
                    out.extend(std::iter::repeat_n(b' ', std::mem::take(&mut debt)));
                }
            }
            (Lex::BlockComment, b'*') if next == Some(b'/') => {
                out.push(b'/');
                at += 1;
                state = Lex::Code;
            }
            _ => {}
        }
    }
    (spaces.count + invisible.count > 0).then_some(Repaired { bytes: out, spaces, invisible })
}

/// Length of the non-breaking space at the start: UTF-8, or the single byte of Latin-1.
fn space_length(rest: &[u8], before: Option<u8>) -> Option<usize> {
    match rest {
        [0xc2, 0xa0, ..] => Some(2),
        [0xe2, 0x80, 0xaf | 0x87, ..] => Some(3),
        [0xa0, ..] if before.is_none_or(|before| before < 0x80) => Some(1),
        _ => None,
    }
}

/// Length of the zero-width character at the start.
fn invisible_length(rest: &[u8]) -> Option<usize> {
    match rest {
        [0xe2, 0x80, 0x8b..=0x8d, ..] | [0xe2, 0x81, 0xa0, ..] | [0xef, 0xbb, 0xbf, ..] => Some(3),
        [0xc2, 0xad, ..] => Some(2),
        _ => None,
    }
}

/// Web artefacts that are not repaired, outside comments, the first of each kind.
pub(crate) fn artefact_hints(file: &SourceFile) -> Vec<Hint> {
    let text = String::from_utf8_lossy(&file.bytes);
    let mut out = Vec::new();
    let (mut quote, mut dash, mut entity) = (false, false, false);
    let mut numbered = 0;
    let mut lines = 0;
    for (index, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        if code.trim_start().starts_with('*') {
            continue; // inside a block comment
        }
        let (file, line) = (file.display.clone(), index + 1);
        if !code.trim().is_empty() {
            lines += 1;
            let digits = code.trim_start().split(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
            numbered += usize::from(digits.parse() == Ok(line));
        }
        if !quote
            && let Some(found) = code.chars().find(|c| matches!(c, '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}'))
        {
            quote = true;
            out.push(Hint::TypographicQuote { file: file.clone(), line, found });
        }
        if !dash && let Some(found) = code.chars().find(|c| matches!(c, '\u{2013}' | '\u{2014}' | '\u{2212}')) {
            dash = true;
            out.push(Hint::TypographicDash { file: file.clone(), line, found });
        }
        let entities = ["&lt;", "&gt;", "&amp;", "&quot;", "&#39;", "&nbsp;", "&#8217;", "&#8220;"];
        if !entity && let Some(found) = entities.iter().find(|entity| code.contains(**entity)) {
            entity = true;
            out.push(Hint::HtmlEntity { file, line, entity: (*found).to_owned() });
        }
    }
    if numbered >= 3 && numbered * 2 > lines {
        out.push(Hint::LineNumbers { file: file.display.clone() });
    }
    out
}

/// Dependencies in a make rule as compilers write it (`x.o: a.c b.h \`), with `\ `, `\#` and `$$` undone.
pub(crate) fn parse_depfile(text: &str) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let Some((_, rest)) = text.split_once(": ") else {
        return out;
    };
    let mut word = String::new();
    let mut chars = rest.chars().peekable();
    let mut flush = |word: &mut String| {
        if !word.is_empty() {
            out.push(PathBuf::from(std::mem::take(word)));
        }
    };
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(' ' | '#')) => word.extend(chars.next()),
            ('\\', Some('\n')) => {}
            ('$', Some('$')) => word.extend(chars.next()),
            (c, _) if c.is_whitespace() => flush(&mut word),
            (c, _) => word.push(c),
        }
    }
    flush(&mut word);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str, spaces: usize, invisible: usize) {
        let repaired = repair(text.as_bytes()).expect("something to repair");
        assert_eq!(String::from_utf8_lossy(&repaired.bytes), expected);
        assert_eq!((repaired.spaces.count, repaired.invisible.count), (spaces, invisible));
    }

    #[test]
    fn repairs_what_pasting_breaks() {
        check("int\u{a0}x;\n", "int  x;\n", 1, 0);
        check("f(\"a\u{a0}b\", x);", "f(\"a b\" , x);", 1, 0);
        check("in\u{200b}t x;", "int    x;", 0, 1);
        check("\u{feff}int x;", "int    x;", 0, 1);
        check("\"\\\"\u{a0}\" /*\u{a0}*/ '\\''", "\"\\\" \"  /*  */ '\\''", 2, 0);
        assert_eq!(repair("\"\u{1f469}\u{200d}\u{1f4bb}\" é".as_bytes()), None);
        assert_eq!(repair(b"\xa0 x\n").unwrap().bytes, b"  x\n");
        let spaces = repair("a\n\n\u{a0}b\u{a0}\n\u{a0}".as_bytes()).unwrap().spaces;
        assert_eq!((spaces.count, spaces.first_line, spaces.lines), (3, 3, 2));
    }

    #[test]
    fn reads_depfiles() {
        let text = "x.o: a.c /p/with\\ space/b.h \\\n c\\#d.h e$$f.h\n";
        let expected: Vec<PathBuf> = ["a.c", "/p/with space/b.h", "c#d.h", "e$f.h"].iter().map(PathBuf::from).collect();
        assert_eq!(parse_depfile(text), expected);
    }

    #[test]
    fn finds_includes() {
        let found = includes(b"#include <linux/a.h>\n # include \"b c.h\" // x\n#include X\n#if 0\n");
        assert_eq!(found, [("linux/a.h".to_owned(), false), ("b c.h".to_owned(), true)]);
    }

    proptest! {
        #[test]
        fn repair_keeps_lines_and_leaves_no_artefact(text in "[a \n\"'/*\\\\\u{a0}\u{200b}é]{0,80}") {
            if let Some(repaired) = repair(text.as_bytes()) {
                let out = String::from_utf8(repaired.bytes).unwrap();
                let left = out.contains('\u{a0}');
                prop_assert!(!left);
                prop_assert_eq!(out.matches('\n').count(), text.matches('\n').count());
            }
        }
    }
}
