//! Differences from Linux that are meant, each with its reason.
//!
//! `tests/linux/known-differences.toml` is a list of `[[difference]]` tables with `case` (the
//! name of a case, or `*` for all), `text` (a part of the difference as [`Difference`] shows
//! itself) and `reason`. Nothing is skipped silently: an entry that matches nothing is told, too.

use std::path::Path;

use serde::Deserialize;

use crate::Error;
use crate::compare::Difference;

/// One entry of the list.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The case it is about, or `*`.
    pub case: String,
    /// A part of the difference's text.
    pub text: String,
    /// Why kloom differs on purpose.
    pub reason: String,
}

/// The list.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Its entries.
    #[serde(default, rename = "difference")]
    pub entries: Vec<Entry>,
}

impl Known {
    /// Reads the list from `text`; `file` names it in errors.
    ///
    /// # Errors
    /// [`Error::Format`] when it is not well formed or an entry lacks a reason.
    pub fn read(text: &str, file: &str) -> Result<Self, Error> {
        let bad = |line, expected| Error::Format { file: file.to_owned(), line, expected };
        let known: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text[..start].matches('\n').count() + 1;
            bad(line, "`[[difference]]` with case, text and reason")
        })?;
        if known.entries.iter().any(|entry| entry.reason.trim().is_empty()) {
            return Err(bad(1, "a reason in every entry"));
        }
        Ok(known)
    }

    /// Reads the list of the suite in `dir`.
    ///
    /// # Errors
    /// As [`Known::read`], or the file cannot be read.
    pub fn load(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("known-differences.toml");
        let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
        Self::read(&text, &path.display().to_string())
    }

    /// The entry that explains `difference` in `case`.
    pub fn entry(&self, case: &str, difference: &Difference) -> Option<&Entry> {
        let shown = difference.to_string();
        self.entries.iter().find(|entry| (entry.case == "*" || entry.case == case) && shown.contains(&entry.text))
    }
}

#[cfg(test)]
mod tests {
    use super::Known;
    use crate::compare::{Difference, Side};

    const TEXT: &str = "[[difference]]\ncase = 'a'\ntext = 'only Linux: x'\nreason = 'because'\n";

    fn message(text: &str) -> Difference {
        Difference::Message { line: Side::Linux(text.to_owned()) }
    }

    #[test]
    fn an_entry_explains_its_case_only() {
        let known = Known::read(TEXT, "t").expect("well formed");
        let reason = |case, text| known.entry(case, &message(text)).map(|e| e.reason.as_str());
        assert_eq!(reason("a", "xyz"), Some("because"));
        assert_eq!(reason("a", "yz"), None);
        assert_eq!(reason("b", "xyz"), None);
        let all = Known::read(&TEXT.replace("'a'", "'*'"), "t").expect("well formed");
        assert!(all.entry("b", &message("x")).is_some());
    }

    #[test]
    fn entries_without_reason_are_refused() {
        assert!(Known::read(&TEXT.replace("because", " "), "t").is_err());
        let error = Known::read("[[difference]]\ncase = 3\n", "t").expect_err("not a text");
        assert!(error.to_string().starts_with("t:"), "{error}");
        assert_eq!(Known::read("", "t").expect("empty").entries, []);
    }

    #[test]
    fn the_committed_list_is_well_formed() {
        let suite = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/linux");
        Known::load(&suite).expect("well formed");
    }
}
