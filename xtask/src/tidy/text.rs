//! Rules about the text of committed files.

use super::Breaches;
use crate::sh;

const MAX_BYTES: u64 = 1 << 20;

/// Words that mark unfinished work. In pieces, so that this file does not break its own rule.
const MARKERS: &[&str] = &[concat!("FIX", "ME"), concat!("TO", "DO"), concat!("X", "XX")];

/// Folders of somebody's machine.
const PLACES: &[&str] = &[concat!("/ho", "me/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

/// The crates that may hold `unsafe`.
const UNSAFE_ISLAND: &[&str] = &["crates/kloom-guest/", "crates/kloom-shim/"];

/// Files whose lines people edit; goldens and captures hold what a program printed.
const EDITED: &[&str] = &["rs", "h", "c", "toml", "md", "sh", "txt"];

pub(super) fn check(files: &[&str]) -> Breaches {
    let mut breaches = Breaches::new();
    for file in files {
        let path = sh::root().join(file);
        // A file that is deleted but not yet committed so is none of our business.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        if bytes.len() as u64 > MAX_BYTES {
            breaches.push(format!("{file}: {} bytes; at most {MAX_BYTES} are committed", bytes.len()));
        }
        if let Ok(text) = String::from_utf8(bytes) {
            breaches.extend(check_text(file, &text));
        }
    }
    breaches
}

fn check_text(file: &str, text: &str) -> Breaches {
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    let mut breaches = Breaches::new();
    let wants_docs = extension == "rs" || (extension == "h" && file.starts_with("include/"));
    if wants_docs && !text.starts_with("//!") {
        breaches.push(format!("{file}:1: a file begins with `//!` and what it is"));
    }
    let is_root = ["/src/lib.rs", "/src/main.rs"].iter().any(|end| file.ends_with(end)) || file.contains("/src/bin/");
    let may_be_unsafe = UNSAFE_ISLAND.iter().any(|folder| file.starts_with(folder));
    if is_root && extension == "rs" && !may_be_unsafe && !text.contains("#![forbid(unsafe_code)]") {
        breaches.push(format!("{file}:1: `#![forbid(unsafe_code)]` is missing; unsafe code lives in guest and shim"));
    }
    let captured = !EDITED.contains(&extension) || file.starts_with("tests/linux/");
    for (index, line) in text.lines().enumerate() {
        let mut breach = |what: &str| breaches.push(format!("{file}:{}: {what}", index + 1));
        if !captured && line.ends_with([' ', '\t']) {
            breach("trailing blanks");
        }
        if !captured && let Some(marker) = MARKERS.iter().find(|marker| has_word(line, marker)) {
            breach(&format!("`{marker}`: finish it, or say in words what is not supported"));
        }
        if let Some(place) = PLACES.iter().find(|place| names_place(line, place)) {
            breach(&format!("`{place}…` is a folder of somebody's machine"));
        }
    }
    breaches
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part))
}

/// Whether a path begins with `place`, rather than having it further in.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || "._-".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_breaches() {
        let bad = format!("fn main() {{}} \n// {}: later\n// see {}x\n", MARKERS[1], PLACES[1]);
        let found = check_text("crates/a/src/main.rs", &bad);
        let lines: Vec<&str> = found.iter().map(|breach| &breach[..breach.find(": ").unwrap()]).collect();
        let file = "crates/a/src/main.rs";
        assert_eq!(lines, [1, 1, 1, 2, 3].map(|line| format!("{file}:{line}")), "{found:?}");
    }

    #[test]
    fn passes_what_is_in_order() {
        let good = format!("//! Docs.\n#![forbid(unsafe_code)]\n// MY_{}_LIST, linux{}\n", MARKERS[1], PLACES[1]);
        assert!(check_text("crates/a/src/lib.rs", &good).is_empty());
        assert!(check_text("crates/kloom-guest/src/lib.rs", "//! Docs.\n").is_empty());
        assert!(check_text("tests/ui/a/b/dmesg.golden", "blank \n").is_empty());
    }
}
