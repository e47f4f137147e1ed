//! `cargo xtask tidy`: rules that no compiler checks.
//!
//! Each check takes the checkout and adds a line per breach, as `file:line: what`. What is known to be missing stands
//! in a list ([`Known`]) that only shrinks: an entry that is no longer true is a breach, too.

mod cases;
mod contracts;
mod exports;
mod licences;
mod text;

use crate::{say, sh};

/// A breach, ready to print.
type Breaches = Vec<String>;

/// Runs all checks.
///
/// # Errors
/// There are breaches; they are printed.
pub(crate) fn run() -> Result<(), String> {
    let files = sh::program("git", &["ls-files", "-z", "--cached"]).read()?;
    let files: Vec<&str> = files.split('\0').filter(|file| !file.is_empty()).collect();
    let mut breaches = text::check(&files);
    breaches.extend(cases::check()?);
    breaches.extend(exports::check()?);
    breaches.extend(contracts::check(&files)?);
    breaches.extend(licences::check()?);
    if breaches.is_empty() {
        say::out(&format!("tidy: {} files are in order\n", files.len()));
        return Ok(());
    }
    say::err(&(breaches.join("\n") + "\n"));
    Err(format!("tidy: {}", counted(breaches.len(), "breach", "breaches")))
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A list of what is known to be missing: one entry per line, `#` begins a comment.
struct Known {
    path: &'static str,
    entries: Vec<String>,
}

impl Known {
    fn load(path: &'static str) -> Result<Known, String> {
        let text = sh::read(path)?;
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        Ok(Known { path, entries: lines.filter(|line| !line.is_empty()).map(str::to_string).collect() })
    }

    /// Compares with what is missing now: what is missing and not known, and what is known and not missing.
    fn compare(&self, missing: &[String], what: &str) -> Breaches {
        let new = missing.iter().filter(|name| !self.entries.contains(name));
        let new = new.map(|name| format!("{name}: {what}"));
        let gone = self.entries.iter().filter(|name| !missing.contains(name));
        new.chain(gone.map(|name| format!("{}: `{name}` is no longer missing: take it out", self.path))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_known_gaps_only_shrinks() {
        let known = Known { path: "list", entries: vec!["a".into(), "b".into()] };
        assert!(known.compare(&["a".into(), "b".into()], "is missing").is_empty());
        assert_eq!(known.compare(&["a".into(), "b".into(), "c".into()], "is missing"), ["c: is missing"]);
        assert_eq!(known.compare(&["b".into()], "is missing"), ["list: `a` is no longer missing: take it out"]);
    }
}
